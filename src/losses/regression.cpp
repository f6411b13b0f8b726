#include "likewise/losses/regression.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/norm.h>

#include "likewise/base/error.hpp"

namespace likewise {

Tensor negative_cosine(const Tensor& p, const Tensor& z) {
  LIKEWISE_CHECK(p.dim() == 2 && p.sizes() == z.sizes(), "prediction and target [N, D]");
  const auto unit = [](const Tensor& x) { return x / at::norm(x, 2, {1}, true).clamp_min(1e-8); };
  return -(unit(p) * unit(z)).sum(1).mean();
}

}  // namespace likewise
