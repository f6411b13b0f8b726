#include "likewise/losses/nt_xent.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "likewise/base/error.hpp"
#include "losses/nt_xent_tiles.hpp"

namespace likewise {
namespace {

constexpr double kLargestScale = 100;

void check_nt_xent(const Tensor& z0, const Tensor& z1, const NtXentOptions& options,
                   const Tensor& log_inverse_temperature) {
  if (!z0.defined() || !z1.defined() || z0.dim() != 2 || z1.sizes() != z0.sizes() ||
      z0.numel() == 0) {
    const auto shape = [](const Tensor& z) {
      return z.defined() ? fmt::format("[{}]", fmt::join(z.sizes().vec(), ", ")) : "nothing";
    };
    throw UserError(
        "nt_xent compares two views [N, D] of one size, N and D at least 1; found {} and {}",
        shape(z0), shape(z1));
  }
  if (z0.scalar_type() != z1.scalar_type() || z0.device() != z1.device() ||
      !z0.is_floating_point()) {
    throw UserError(
        "nt_xent needs both views of one floating-point type on one device; found {} on {} and {} "
        "on {}",
        c10::toString(z0.scalar_type()), z0.device().str(), c10::toString(z1.scalar_type()),
        z1.device().str());
  }
  if (log_inverse_temperature.defined()) {
    if (log_inverse_temperature.numel() != 1) {
      throw UserError("nt_xent needs one number as log_inverse_temperature; found {}",
                      log_inverse_temperature.numel());
    }
  } else if (!(options.temperature > 0)) {
    throw UserError("loss.temperature is {}; it must be above 0", options.temperature);
  }
  if (options.decoupled && z0.size(0) < 2) {
    throw UserError("the decoupled loss needs a batch of at least 2: one sample has no negatives");
  }
}

struct NtXentFunction : torch::autograd::Function<NtXentFunction> {
  // `t` means something only if `learned`: autograd wants a tensor.
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& z0,
                        const Tensor& z1, const Tensor& t, bool learned,
                        const NtXentOptions& options, bool with_gradient) {
    const auto type = z0.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    const Tensor a = z0.to(type).contiguous(), b = z1.to(type).contiguous();
    NtXentParts parts;
    Tensor slope;  // d scale / d t
    if (type == at::kFloat && z0.device().is_cpu()) {
      const double free = learned ? std::exp(t.item<double>()) : 1 / options.temperature;
      const double scale = learned ? std::min(free, kLargestScale) : free;
      parts = nt_xent_kernel(a, b, options, scale, with_gradient);
      slope = at::full({}, free <= kLargestScale ? scale : 0, at::kDouble);
    } else {
      const Tensor free = learned ? t.to(a.device(), type).reshape({}).exp()
                                  : at::full({}, 1 / options.temperature, a.options());
      const Tensor scale = learned ? free.clamp_max(kLargestScale) : free;
      parts = nt_xent_aten(a, b, options, scale, with_gradient);
      slope = scale * (free <= kLargestScale);
    }
    if (with_gradient) {
      Tensor t_gradient;
      if (learned) t_gradient = (parts.scale_gradient * slope).to(t.options()).reshape(t.sizes());
      context->save_for_backward(
          {parts.grad0.to(z0.scalar_type()), parts.grad1.to(z1.scalar_type()), t_gradient});
    }
    return parts.loss.to(z0.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    if (at::GradMode::is_enabled()) {
      throw UserError("nt_xent has no second derivative; use nt_xent_plain where one is needed");
    }
    const auto saved = context->get_saved_variables();
    const Tensor& g = upstream[0];
    const Tensor by_t = saved[2].defined() ? saved[2] * g.to(saved[2].options()) : Tensor();
    return {saved[0] * g, saved[1] * g, by_t, Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor nt_xent(const Tensor& z0, const Tensor& z1, const NtXentOptions& options,
               const Tensor& log_inverse_temperature) {
  check_nt_xent(z0, z1, options, log_inverse_temperature);
  const bool learned = log_inverse_temperature.defined();
  const Tensor t = learned ? log_inverse_temperature : at::zeros({}, z0.options());
  const bool with_gradient =
      at::GradMode::is_enabled() && (z0.requires_grad() || z1.requires_grad() || t.requires_grad());
  return NtXentFunction::apply(z0, z1, t, learned, options, with_gradient);
}

Tensor nt_xent_plain(const Tensor& z0, const Tensor& z1, const NtXentOptions& options,
                     const Tensor& log_inverse_temperature) {
  check_nt_xent(z0, z1, options, log_inverse_temperature);
  const int64_t n = z0.size(0);
  Tensor x = at::cat({z0, z1});  // [2N, D]
  if (options.normalize) x = x / at::norm(x, 2, {1}, true).clamp_min(1e-12);
  Tensor scale = at::full({}, 1 / options.temperature, x.options());
  if (log_inverse_temperature.defined()) {
    scale = log_inverse_temperature.reshape({}).exp().clamp_max(kLargestScale);
  }
  const Tensor logits = at::matmul(x, x.t()) * scale;  // [2N, 2N]
  Tensor positive = at::sum(x * x.roll(n, 0), 1);      // [2N]
  const Tensor index = at::arange(2 * n, x.options().dtype(at::kLong));
  const Tensor offset = index.unsqueeze(0) - index.unsqueeze(1);
  const Tensor excluded = options.decoupled ? offset.remainder(n) == 0 : offset == 0;
  const Tensor denominator =
      at::logsumexp(logits.masked_fill(excluded, -std::numeric_limits<double>::infinity()), {1});
  if (options.decoupled && options.decoupled_sigma > 0) {
    const Tensor share =
        at::softmax(positive.detach().narrow(0, 0, n) / options.decoupled_sigma, 0);
    positive = positive * (2 - static_cast<double>(n) * share).repeat({2});
  }
  return (denominator - positive * scale).mean();
}

}  // namespace likewise
