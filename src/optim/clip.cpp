#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/optim/optimizer.hpp"
#include "optim/flat.hpp"

namespace likewise {

double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm) {
  if (!(max_norm > 0))
    throw UserError("the largest gradient norm is {}; it must be above 0", max_norm);
  const at::NoGradGuard no_grad;
  double squares = 0;
  Tensor elsewhere;  // those of other types and devices, a scalar that is fetched once
  for (const Tensor& parameter : parameters) {
    const Tensor& g = parameter.grad();
    if (!g.defined() || g.numel() == 0) continue;
    if (flat::is_flat(g)) {
      squares += flat::square_sum(g.data_ptr<float>(), g.numel());
    } else {
      const Tensor square = g.to(at::kDouble).square().sum();
      elsewhere = elsewhere.defined() ? elsewhere + square : square;
    }
  }
  if (elsewhere.defined()) squares += elsewhere.item<double>();
  const double norm = std::sqrt(squares);
  const double factor = max_norm / (norm + 1e-6);
  if (!std::isfinite(norm) || factor >= 1) return norm;
  for (const Tensor& parameter : parameters) {
    Tensor g = parameter.grad();
    if (!g.defined() || g.numel() == 0) continue;
    if (flat::is_flat(g)) {
      flat::scale(g.data_ptr<float>(), g.numel(), static_cast<float>(factor));
      g.unsafeGetTensorImpl()->bump_version();
    } else {
      g.mul_(factor);
    }
  }
  return norm;
}

}  // namespace likewise
