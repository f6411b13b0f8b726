#include "likewise/losses/spectral.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>

#include <cmath>

#include "likewise/base/error.hpp"

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
  const Tensor own = (a * b).sum(1);  // [N]
  const Tensor all = (at::matmul(a.t(), a) * at::matmul(b.t(), b)).sum();
  const Tensor loss = -2 * own.mean() + (all - own.pow(2).sum()) / (n * (n - 1));
  return mu > 0 ? loss / mu : loss;
}

}  // namespace likewise
