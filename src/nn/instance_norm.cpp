#include "nn/instance_norm.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/instance_norm.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/norm/norm_relu.hpp"
#include "likewise/nn/memory_format.hpp"

namespace likewise::detail {
namespace {

constexpr double kInstanceEps = 1e-5;
constexpr int64_t kPieceOfImage = 256;  // rows whose sums are in float

using InstanceOps = kernels::NormReluOps<float>;

// Two sums a channel over the pixels of one image, pieces added in double.
template <class Part>
void image_sums(int64_t rows, int64_t channels, std::vector<double>& first,
                std::vector<double>& second, const Part& part) {
  std::vector<float> sums(static_cast<size_t>(2 * channels));
  std::fill(first.begin(), first.end(), 0.0);
  std::fill(second.begin(), second.end(), 0.0);
  for (int64_t r = 0; r < rows; r += kPieceOfImage) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    part(r, std::min(kPieceOfImage, rows - r), sums.data(), sums.data() + channels);
    for (int64_t c = 0; c < channels; ++c) {
      first[static_cast<size_t>(c)] += double{sums[static_cast<size_t>(c)]};
      second[static_cast<size_t>(c)] += double{sums[static_cast<size_t>(channels + c)]};
    }
  }
}

// Mean, inverse deviation, scale and shift of one image, [4][channels].
void image_statistics(const InstanceOps& ops, const float* x, int64_t rows, int64_t channels,
                      const InstanceNormWeights& norm, float* statistics) {
  const int64_t used = norm.weight.size(0);
  const float *weight = norm.weight.data_ptr<float>(), *bias = norm.bias.data_ptr<float>(),
              *removed = norm.removed.data_ptr<float>();
  std::vector<double> sum(static_cast<size_t>(channels)), square(sum);
  // Around the first pixel, so that a mean far from zero does not cost digits.
  image_sums(rows, channels, sum, square, [&](int64_t first, int64_t count, float* s, float* q) {
    ops.moments(x + first * channels, count, channels, x, s, q);
  });
  const auto n = static_cast<double>(rows);
  float *mean = statistics, *inverse = mean + channels, *scale = inverse + channels,
        *shift = scale + channels;
  for (int64_t c = 0; c < channels; ++c) {
    const auto k = static_cast<size_t>(c);
    const double offset = sum[k] / n;
    // max() would turn what is no number into zero.
    double variance = square[k] / n - offset * offset;
    if (variance < 0) variance = 0;
    const double w = c < used ? double{weight[c]} : 0.0;
    const double b = c < used ? double{bias[c]} + 0.0 * double{removed[c]} : 0.0;
    const double centre = double{x[c]} + offset, by = 1 / std::sqrt(variance + kInstanceEps);
    mean[c] = static_cast<float>(centre);
    inverse[c] = static_cast<float>(by);
    scale[c] = static_cast<float>(w * by);
    shift[c] = static_cast<float>(b - centre * w * by);
  }
}

struct InstanceNormFunction : torch::autograd::Function<InstanceNormFunction> {
  // `residual` means something only if `joined`: autograd wants a tensor.
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x,
                        const Tensor& weight, const Tensor& bias, const Tensor& removed,
                        const Tensor& residual, bool joined, bool rectify) {
    const auto& ops = kernels::norm_relu_ops<float>();
    const int64_t images = x.size(0), channels = x.size(1), rows = x.size(2) * x.size(3);
    Tensor y = at::empty_like(x);
    const Tensor statistics = at::empty({images, 4, channels}, x.options());
    const float* in = x.data_ptr<float>();
    const float* added = joined ? residual.data_ptr<float>() : nullptr;
    float *out = y.data_ptr<float>(), *all = statistics.data_ptr<float>();
    at::parallel_for(0, images, 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const int64_t at = n * rows * channels;
        float* own = all + n * 4 * channels;
        image_statistics(ops, in + at, rows, channels, {weight, bias, removed}, own);
        (rectify ? ops.forward : ops.affine)(in + at, added ? added + at : nullptr, rows, channels,
                                             own + 2 * channels, own + 3 * channels, out + at);
      }
    });
    context->save_for_backward(
        {x, weight, bias, removed, statistics, joined ? residual : Tensor()});
    context->saved_data["joined"] = joined;
    context->saved_data["rectify"] = rectify;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &statistics = saved[4];
    const bool joined = context->saved_data["joined"].toBool();
    const bool rectify = context->saved_data["rectify"].toBool();
    if (at::GradMode::is_enabled()) return graph(context, saved, joined, rectify, upstream[0]);
    const auto& ops = kernels::norm_relu_ops<float>();
    const int64_t images = x.size(0), channels = x.size(1), rows = x.size(2) * x.size(3);
    const int64_t used = weight.size(0);
    const Tensor dy = channels_last(upstream[0]);
    const Tensor dx = at::empty_like(x), dweight = at::empty_like(weight),
                 dbias = at::empty_like(weight);
    std::vector<double> parts(static_cast<size_t>(images * 2 * used));
    const float *in = x.data_ptr<float>(), *slope = dy.data_ptr<float>(),
                *all = statistics.data_ptr<float>(), *w = weight.data_ptr<float>();
    float* out = dx.data_ptr<float>();
    at::parallel_for(0, images, 1, [&](int64_t begin, int64_t end) {
      std::vector<double> sum(static_cast<size_t>(channels)), product(sum);
      std::vector<float> a(sum.size()), b(sum.size()), c(sum.size());
      for (int64_t n = begin; n < end; ++n) {
        const int64_t at = n * rows * channels;
        const float *mean = all + n * 4 * channels, *inverse = mean + channels,
                    *scale = inverse + channels, *shift = scale + channels;
        image_sums(rows, channels, sum, product,
                   [&](int64_t first, int64_t count, float* s, float* q) {
                     const int64_t here = at + first * channels;
                     if (rectify) {
                       ops.sums(slope + here, nullptr, in + here, count, channels, scale, shift,
                                mean, s, q);
                     } else {
                       ops.affine_sums(slope + here, in + here, count, channels, mean, s, q);
                     }
                   });
        // dx = w / s (g - mean of g - x^ mean of g x^), x^ = (x - mean) / s
        for (int64_t k = 0; k < channels; ++k) {
          const auto i = static_cast<size_t>(k);
          const double by_weight = product[i] * double{inverse[k]};
          const double factor = k < used ? double{w[k]} * double{inverse[k]} : 0.0;
          const double bend = -factor * double{inverse[k]} * by_weight / static_cast<double>(rows);
          a[i] = static_cast<float>(factor);
          b[i] = static_cast<float>(bend);
          c[i] = static_cast<float>(-factor * sum[i] / static_cast<double>(rows) -
                                    bend * double{mean[k]});
          if (k >= used) continue;
          parts[static_cast<size_t>(n * 2 * used + k)] = by_weight;
          parts[static_cast<size_t>((n * 2 + 1) * used + k)] = sum[i];
        }
        if (rectify) {
          ops.backward(slope + at, nullptr, in + at, rows, channels, scale, shift, a.data(),
                       b.data(), c.data(), out + at, nullptr);
        } else {
          ops.affine_backward(slope + at, in + at, rows, channels, a.data(), b.data(), c.data(),
                              out + at);
        }
      }
    });
    for (int64_t k = 0; k < used; ++k) {
      double by_weight = 0, by_bias = 0;
      for (int64_t n = 0; n < images; ++n) {
        by_weight += parts[static_cast<size_t>(n * 2 * used + k)];
        by_bias += parts[static_cast<size_t>((n * 2 + 1) * used + k)];
      }
      dweight.data_ptr<float>()[k] = static_cast<float>(by_weight);
      dbias.data_ptr<float>()[k] = static_cast<float>(by_bias);
    }
    return {dx,       dweight, dbias, at::zeros_like(saved[3]), joined ? dy : Tensor(),
            Tensor(), Tensor()};
  }

 private:
  // The gradients as a graph of libtorch's.
  static torch::autograd::variable_list graph(torch::autograd::AutogradContext* context,
                                              const torch::autograd::variable_list& saved,
                                              bool joined, bool rectify, const Tensor& dy) {
    const Tensor y = plain_instance_norm(saved[0], {saved[1], saved[2], saved[3]}, rectify,
                                         joined ? saved[5] : Tensor());
    torch::autograd::variable_list inputs, gradients(7);
    std::vector<size_t> places;
    for (size_t place = 0; place < 5; ++place) {
      if (!context->needs_input_grad(place) || (place == 4 && !joined)) continue;
      inputs.push_back(saved[place == 4 ? 5 : place]);
      places.push_back(place);
    }
    const auto found = torch::autograd::grad({y}, inputs, {dy}, c10::nullopt,
                                             /*create_graph=*/true, /*allow_unused=*/true);
    for (size_t i = 0; i < places.size(); ++i) gradients[places[i]] = found[i];
    return gradients;
  }
};

}  // namespace

Tensor fused_instance_norm(const Tensor& x, const InstanceNormWeights& norm, bool rectify,
                           const Tensor& residual) {
  const bool joined = residual.defined();
  const Tensor in = channels_last(x);
  return InstanceNormFunction::apply(in, norm.weight, norm.bias, norm.removed,
                                     joined ? channels_last(residual) : in, joined, rectify);
}

Tensor plain_instance_norm(const Tensor& x, const InstanceNormWeights& norm, bool rectify,
                           const Tensor& residual) {
  const int64_t used = norm.weight.size(0), more = x.size(1) - used;
  const Tensor in = x.narrow(1, 0, used) + norm.removed.view({1, -1, 1, 1});
  Tensor y = at::instance_norm(in, norm.weight, norm.bias, {}, {}, /*use_input_stats=*/true, 0,
                               kInstanceEps, false);
  if (more > 0) y = at::constant_pad_nd(y, {0, 0, 0, 0, 0, more});
  if (residual.defined()) y = y + residual;
  return rectify ? at::relu(y) : y;
}

}  // namespace likewise::detail
