#include "likewise/nn/layers.hpp"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <array>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/nn/initialize.hpp"
#include "nn/conv.hpp"
#include "nn/linear.hpp"
#include "nn/norm_pool.hpp"
#include "nn/norm_relu.hpp"

namespace likewise {

namespace {
thread_local detail::MultiplyAddCounter* active_counter = nullptr;

// oneDNN 2.6's channels-last 1x1 kernels with a stride write past the end of the input's gradient
// when channels do not fill its blocks (seen with AVX2: 4 -> 8 and 6 -> 12 channels, stride 2).
// Leaving out pixels first is the same convolution, and what those kernels do inside.
bool has_odd_channels(const Tensor& weight) {
  constexpr int64_t kBlock = 16;
  return weight.size(0) % kBlock != 0 || weight.size(1) % kBlock != 0;
}
}  // namespace

namespace detail {
MultiplyAddCounter::MultiplyAddCounter() : outer_(active_counter) { active_counter = this; }
MultiplyAddCounter::~MultiplyAddCounter() { active_counter = outer_; }
void MultiplyAddCounter::add(int64_t count) {
  if (active_counter) active_counter->total_ += count;
}
}  // namespace detail

Conv2d::Conv2d(int64_t in, int64_t out, const Conv2dOptions& options) : options_(options) {
  weight = register_parameter("weight", at::zeros({out, in, options.kernel, options.kernel}));
  if (options.bias) bias = register_parameter("bias", at::zeros({out}));
}

Tensor Conv2d::forward(const Tensor& x) {
  const detail::ConvGeometry geometry{options_.stride, options_.padding};
  if (!bias.defined() && detail::has_own_conv(x, weight, geometry)) {
    Tensor y = detail::own_conv(x, weight, geometry);
    detail::MultiplyAddCounter::add(y.numel() * weight.numel() / weight.size(0));
    return y;
  }
  int64_t step = options_.stride;
  Tensor input = x;
  if (step > 1 && options_.kernel == 1 && options_.padding == 0 && has_odd_channels(weight)) {
    input = x.slice(2, 0, x.size(2), step).slice(3, 0, x.size(3), step);
    step = 1;
  }
  const std::array<int64_t, 2> stride{step, step};
  const std::array<int64_t, 2> padding{options_.padding, options_.padding};
  Tensor y = at::conv2d(input, weight, bias, at::IntArrayRef(stride), at::IntArrayRef(padding));
  detail::MultiplyAddCounter::add(y.numel() * weight.numel() / weight.size(0));
  return y;
}

void Conv2d::initialize(Rng& rng) {
  const auto area = static_cast<double>(options_.kernel * options_.kernel);
  if (options_.rectified) {
    fill_normal(weight, std::sqrt(2 / (static_cast<double>(weight.size(0)) * area)), rng);
  } else {
    fill_uniform(weight, 1 / std::sqrt(static_cast<double>(weight.size(1)) * area), rng);
  }
  if (bias.defined()) fill_constant(bias, 0);
}

Linear::Linear(int64_t in, int64_t out, bool with_bias, double truncated_std)
    : truncated_std_(truncated_std) {
  weight = register_parameter("weight", at::zeros({out, in}));
  if (with_bias) bias = register_parameter("bias", at::zeros({out}));
}

Tensor Linear::forward(const Tensor& x) {
  detail::MultiplyAddCounter::add(x.numel() * weight.size(0));
  return detail::linear(x, weight, bias);
}

void Linear::initialize(Rng& rng) {
  if (truncated_std_ > 0) {
    fill_truncated_normal(weight, truncated_std_, rng);
    if (bias.defined()) fill_constant(bias, 0);
    return;
  }
  const double bound = 1 / std::sqrt(static_cast<double>(weight.size(1)));
  fill_uniform(weight, bound, rng);
  if (bias.defined()) fill_uniform(bias, bound, rng);
}

namespace {
constexpr double kEps = 1e-5;
}  // namespace

BatchNorm::BatchNorm(int64_t features, bool affine, double initial_weight)
    : initial_weight_(initial_weight) {
  if (affine) {
    weight = register_parameter("weight", at::ones({features}));
    bias = register_parameter("bias", at::zeros({features}));
  }
  running_mean = register_buffer("running_mean", at::zeros({features}));
  running_var = register_buffer("running_var", at::ones({features}));
  num_batches_tracked = register_buffer("num_batches_tracked", at::zeros({}, at::kLong));
}

void BatchNorm::begin_forward(const Tensor& x) {
  if (!is_training()) return;
  if (x.numel() <= running_mean.numel()) {
    throw UserError(
        "batch normalisation in training mode needs at least two values a channel, the "
        "batch gives {}: raise the batch size",
        x.numel() / running_mean.numel());
  }
  num_batches_tracked.add_(1);
}

Tensor BatchNorm::forward(const Tensor& x) {
  begin_forward(x);
  return at::batch_norm(x, weight, bias, running_mean, running_var, is_training(), momentum, kEps,
                        true);
}

Tensor BatchNorm::forward_relu(const Tensor& x, const Tensor& residual) {
  const detail::NormRelu norm = {weight, bias, running_mean, running_var, momentum, kEps};
  if (is_training() && detail::can_fuse_norm_relu(norm, x, residual)) {
    begin_forward(x);
    return detail::norm_relu(norm, x, residual);
  }
  Tensor y = forward(x);  // in place from here: its backward needs its input, not its output
  if (residual.defined()) y.add_(residual);
  return y.relu_();
}

Tensor BatchNorm::forward_relu_pool(const Tensor& x) {
  const detail::NormRelu norm = {weight, bias, running_mean, running_var, momentum, kEps};
  if (is_training() && detail::can_fuse_norm_relu_pool(norm, x)) {
    begin_forward(x);
    return detail::norm_relu_pool(norm, x);
  }
  // The pool commutes with the rectifier and leaves it a quarter of the values.
  return at::max_pool2d(forward(x), {2, 2}).relu_();
}

void BatchNorm::initialize(Rng&) {
  if (weight.defined()) {
    fill_constant(weight, initial_weight_);
    fill_constant(bias, 0);
  }
  fill_constant(running_mean, 0);
  fill_constant(running_var, 1);
  fill_constant(num_batches_tracked, 0);
}

LayerNorm::LayerNorm(int64_t features, double eps) : eps_(eps) {
  weight = register_parameter("weight", at::ones({features}));
  bias = register_parameter("bias", at::zeros({features}));
}

Tensor LayerNorm::forward(const Tensor& x) {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, eps_);
}

void LayerNorm::initialize(Rng&) {
  fill_constant(weight, 1);
  fill_constant(bias, 0);
}

void Sequence::append(std::shared_ptr<Layer> layer) {
  register_module(std::to_string(steps_.size()), layer);
  // A plain pointer: the module list owns the layer for as long as the step exists.
  steps_.emplace_back([step = layer.get()](const Tensor& x) { return step->forward(x); });
}

void Sequence::append(std::function<Tensor(const Tensor&)> function) {
  steps_.push_back(std::move(function));
}

Tensor Sequence::forward(Tensor x) {
  for (const auto& step : steps_) x = step(x);
  return x;
}

}  // namespace likewise
