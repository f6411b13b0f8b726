#include "likewise/losses/spectral.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "losses/known_gradient.hpp"

namespace likewise {

Tensor spectral_contrastive(const Tensor& z0, const Tensor& z1, double mu) {
  LIKEWISE_CHECK(z0.dim() == 2 && z0.sizes() == z1.sizes(), "two views [N, D] of one size");
  if (z0.size(0) < 2) throw UserError("the spectral loss needs a batch of at least 2");
  const auto n = static_cast<double>(z0.size(0));
  const auto into_ball = [&](const Tensor& z) {
    if (mu <= 0) return z;
    const Tensor norm = at::norm(z, 2, {1}, true);
    return z * (std::sqrt(mu) / norm.clamp_min(std::sqrt(mu)));
  };
  const Tensor a = into_ball(z0), b = into_ball(z1);
  const double factor = mu > 0 ? 1 / mu : 1, pairs = n * (n - 1);
  const bool with_a = wants_gradient(a), with_b = wants_gradient(b);
  double value = 0;
  Tensor grad_a, grad_b;
  {
    const at::NoGradGuard no_grad;
    const Tensor own = (a * b).sum(1, true);                                        // [N, 1]
    const Tensor second_a = at::matmul(a.t(), a), second_b = at::matmul(b.t(), b);  // [D, D]
    const double all = (second_a * second_b).sum().item<double>();
    value = factor *
            (-2 * own.sum().item<double>() / n + (all - own.pow(2).sum().item<double>()) / pairs);
    const Tensor pull = own.mul(2 / pairs).add_(2 / n);  // of a pair on itself
    const auto gradient = [&](const Tensor& x, const Tensor& other, const Tensor& second) {
      return at::matmul(x, second).mul_(2 / pairs).sub_(other * pull).mul_(factor);
    };
    if (with_a) grad_a = gradient(a, b, second_b);
    if (with_b) grad_b = gradient(b, a, second_a);
  }
  return with_gradient(value, a, grad_a, b, grad_b);
}

}  // namespace likewise
