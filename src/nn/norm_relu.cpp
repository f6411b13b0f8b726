#include "nn/norm_relu.hpp"

#include <ATen/ops/empty_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "kernels/norm/norm_relu.hpp"
#include "likewise/base/error.hpp"
#include "nn/norm_statistics.hpp"

namespace likewise::detail {
namespace {

template <class T>
void forward_rows(const Statistics& s, const Tensor& x, const Tensor& residual, Tensor& y) {
  const int64_t channels = x.size(1), rows = x.numel() / channels;
  const auto& ops = kernels::norm_relu_ops<T>();
  over_pieces(rows, [&](int64_t first, int64_t count) {
    const int64_t at = first * channels;
    ops.forward(data<T>(x) + at, residual.defined() ? data<T>(residual) + at : nullptr, count,
                channels, s.scale.data(), s.shift.data(), mutable_data<T>(y) + at);
  });
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
  const float *scale = inverse + channels, *shift = scale + channels;
  const auto [sum, product] =
      add_pieces(rows, channels, [&](int64_t first, int64_t count, float* s, float* q) {
        const int64_t at = first * channels;
        ops.sums(data<T>(dy) + at, y.defined() ? data<T>(y) + at : nullptr, data<T>(x) + at, count,
                 channels, scale, shift, mean, s, q);
      });
  const NormGradient norm = norm_gradient(weight, mean, inverse, rows, sum, product);
  Gradients g{at::empty_like(x), with_residual ? at::empty_like(x) : Tensor(), norm.weight,
              norm.bias};
  over_pieces(rows, [&](int64_t first, int64_t count) {
    const int64_t at = first * channels;
    ops.backward(data<T>(dy) + at, y.defined() ? data<T>(y) + at : nullptr, data<T>(x) + at, count,
                 channels, scale, shift, norm.a.data(), norm.b.data(), norm.c.data(),
                 mutable_data<T>(g.x) + at,
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
    const Statistics s = batch_statistics(with, x);
    x.scalar_type() == at::kFloat ? forward_rows<float>(s, x, added, y)
                                  : forward_rows<uint16_t>(s, x, added, y);
    // Without a residual y is seen from x.
    context->save_for_backward({x, joined ? y : Tensor(), weight, packed(s)});
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
