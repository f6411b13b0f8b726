#include "nn/norm_relu.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/norm/norm_relu.hpp"
#include "likewise/base/error.hpp"

namespace likewise::detail {
namespace {

constexpr int64_t kRows = 256;  // of a piece: sums in float stay exact to 1e-6

bool rows_of_channels(const Tensor& x) {
  return x.is_contiguous(at::MemoryFormat::ChannelsLast) && x.stride(1) == 1;
}

template <class T>
const T* data(const Tensor& x) {
  return x.defined() ? static_cast<const T*>(x.data_ptr()) : nullptr;
}
template <class T>
T* mutable_data(const Tensor& x) {
  return x.defined() ? static_cast<T*>(x.data_ptr()) : nullptr;
}

// Two sums a channel over all rows: part(first row, rows, sums, sums), each piece of its own, added
// in order, so that the number of threads does not matter.
template <class Part>
std::pair<std::vector<double>, std::vector<double>> add_pieces(int64_t rows, int64_t channels,
                                                               const Part& part) {
  const int64_t pieces = (rows + kRows - 1) / kRows;
  std::vector<float> parts(static_cast<size_t>(pieces * 2 * channels));
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      float* sums = parts.data() + p * 2 * channels;
      part(p * kRows, std::min(kRows, rows - p * kRows), sums, sums + channels);
    }
  });
  std::vector<double> first(static_cast<size_t>(channels)), second(first);
  for (int64_t p = 0; p < pieces; ++p) {
    const float* sums = parts.data() + p * 2 * channels;
    for (int64_t c = 0; c < channels; ++c) {
      first[static_cast<size_t>(c)] += double{sums[c]};
      second[static_cast<size_t>(c)] += double{sums[channels + c]};
    }
  }
  return {first, second};
}

template <class Body>
void over_pieces(int64_t rows, const Body& body) {
  const int64_t pieces = (rows + kRows - 1) / kRows;
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    body(begin * kRows, std::min(rows, end * kRows) - begin * kRows);
  });
}

struct Statistics {
  std::vector<float> mean, inverse;  // of the deviation
};

template <class T>
Statistics forward_rows(const NormRelu& norm, const Tensor& x, const Tensor& residual, Tensor& y) {
  const int64_t channels = x.size(1), rows = x.numel() / channels;
  const auto& ops = kernels::norm_relu_ops<T>();
  const T* in = data<T>(x);
  // Around the first row, so that a mean far from zero does not cost digits.
  std::vector<float> centre(static_cast<size_t>(channels));
  {
    std::vector<float> zero(centre), square(centre);
    ops.moments(in, 1, channels, zero.data(), centre.data(), square.data());
  }
  const auto [sum, square] =
      add_pieces(rows, channels, [&](int64_t first, int64_t count, float* s, float* q) {
        ops.moments(in + first * channels, count, channels, centre.data(), s, q);
      });
  Statistics statistics{std::vector<float>(centre.size()), std::vector<float>(centre.size())};
  std::vector<float> scale(centre.size()), shift(centre.size());
  const auto n = static_cast<double>(rows);
  const float *weight = norm.weight.data_ptr<float>(), *bias = norm.bias.data_ptr<float>();
  float* running_mean = norm.running_mean.data_ptr<float>();
  float* running_var = norm.running_var.data_ptr<float>();
  for (size_t c = 0; c < centre.size(); ++c) {
    const double offset = sum[c] / n, variance = std::max(0.0, square[c] / n - offset * offset);
    const double mean = double{centre[c]} + offset, inverse = 1 / std::sqrt(variance + norm.eps);
    statistics.mean[c] = static_cast<float>(mean);
    statistics.inverse[c] = static_cast<float>(inverse);
    scale[c] = static_cast<float>(double{weight[c]} * inverse);
    shift[c] = static_cast<float>(double{bias[c]} - mean * double{weight[c]} * inverse);
    const auto mix = [&](float& running, double now) {
      running = static_cast<float>((1 - norm.momentum) * double{running} + norm.momentum * now);
    };
    mix(running_mean[c], mean);
    mix(running_var[c], variance * n / (n - 1));
  }
  over_pieces(rows, [&](int64_t first, int64_t count) {
    const int64_t at = first * channels;
    ops.forward(in + at, residual.defined() ? data<T>(residual) + at : nullptr, count, channels,
                scale.data(), shift.data(), mutable_data<T>(y) + at);
  });
  return statistics;
}

struct Gradients {
  Tensor x, residual, weight, bias;
};

template <class T>
Gradients backward_rows(const Tensor& dy, const Tensor& y, const Tensor& x, const Tensor& weight,
                        const Tensor& statistics, bool with_residual) {
  const int64_t channels = x.size(1), rows = x.numel() / channels;
  const auto& ops = kernels::norm_relu_ops<T>();
  const float *mean = statistics.data_ptr<float>(), *inverse = mean + channels;
  const auto [sum, product] =
      add_pieces(rows, channels, [&](int64_t first, int64_t count, float* s, float* q) {
        const int64_t at = first * channels;
        ops.sums(data<T>(dy) + at, data<T>(y) + at, data<T>(x) + at, count, channels, mean, s, q);
      });
  Gradients g{at::empty_like(x), with_residual ? at::empty_like(x) : Tensor(),
              at::empty_like(weight), at::empty_like(weight)};
  std::vector<float> a(static_cast<size_t>(channels)), b(a), c(a);
  const auto n = static_cast<double>(rows);
  for (int64_t i = 0; i < channels; ++i) {
    const auto k = static_cast<size_t>(i);
    const double by_weight = product[k] * double{inverse[i]};
    g.bias.data_ptr<float>()[i] = static_cast<float>(sum[k]);
    g.weight.data_ptr<float>()[i] = static_cast<float>(by_weight);
    // dx = w / s (g - mean of g - x^ mean of g x^), x^ = (x - mean) / s
    const double factor = double{weight.data_ptr<float>()[i]} * double{inverse[i]};
    const double slope = -factor * double{inverse[i]} * by_weight / n;
    a[k] = static_cast<float>(factor);
    b[k] = static_cast<float>(slope);
    c[k] = static_cast<float>(-factor * sum[k] / n - slope * double{mean[i]});
  }
  over_pieces(rows, [&](int64_t first, int64_t count) {
    const int64_t at = first * channels;
    ops.backward(data<T>(dy) + at, data<T>(y) + at, data<T>(x) + at, count, channels, a.data(),
                 b.data(), c.data(), mutable_data<T>(g.x) + at,
                 with_residual ? mutable_data<T>(g.residual) + at : nullptr);
  });
  return g;
}

struct NormReluFunction : torch::autograd::Function<NormReluFunction> {
  // `residual` means something only if `joined`: autograd wants a tensor.
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x,
                        const Tensor& weight, const Tensor& bias, const Tensor& residual,
                        bool joined, const NormRelu& norm) {
    Tensor y = at::empty_like(x);
    const NormRelu with = {weight,           bias,          norm.running_mean,
                           norm.running_var, norm.momentum, norm.eps};
    const Tensor added = joined ? residual : Tensor();
    const Statistics s = x.scalar_type() == at::kFloat ? forward_rows<float>(with, x, added, y)
                                                       : forward_rows<uint16_t>(with, x, added, y);
    Tensor statistics = at::empty({2, x.size(1)}, at::kFloat);
    std::copy(s.mean.begin(), s.mean.end(), statistics.data_ptr<float>());
    std::copy(s.inverse.begin(), s.inverse.end(), statistics.data_ptr<float>() + x.size(1));
    context->save_for_backward({x, y, weight, statistics});
    context->saved_data["joined"] = joined;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    if (at::GradMode::is_enabled()) {
      throw UserError("the fused batch normalisation has no second derivative");
    }
    const auto saved = context->get_saved_variables();
    const Tensor& x = saved[0];
    const bool joined = context->saved_data["joined"].toBool();
    const Tensor dy = upstream[0].to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    const Gradients g = x.scalar_type() == at::kFloat
                            ? backward_rows<float>(dy, saved[1], x, saved[2], saved[3], joined)
                            : backward_rows<uint16_t>(dy, saved[1], x, saved[2], saved[3], joined);
    return {g.x, g.weight, g.bias, g.residual, Tensor(), Tensor()};
  }
};

}  // namespace

bool can_fuse_norm_relu(const NormRelu& norm, const Tensor& x, const Tensor& residual) {
  if (x.dim() != 4 || !x.device().is_cpu() || !rows_of_channels(x)) return false;
  if (x.scalar_type() != at::kFloat && x.scalar_type() != at::kBFloat16) return false;
  if (!norm.weight.defined() || norm.weight.scalar_type() != at::kFloat) return false;
  return !residual.defined() || (residual.sizes() == x.sizes() && rows_of_channels(residual) &&
                                 residual.scalar_type() == x.scalar_type());
}

Tensor norm_relu(const NormRelu& norm, const Tensor& x, const Tensor& residual) {
  const bool joined = residual.defined();
  return NormReluFunction::apply(x, norm.weight, norm.bias, joined ? residual : x, joined, norm);
}

}  // namespace likewise::detail
