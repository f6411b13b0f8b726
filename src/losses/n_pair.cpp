#include "likewise/losses/n_pair.hpp"

#include <ATen/TensorOperators.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {

Tensor n_pair(const Tensor& anchor, const Tensor& positive, const NPairOptions& options) {
  LIKEWISE_CHECK(anchor.dim() == 2 && anchor.sizes() == positive.sizes(), "two sides [N, D]");
  const Tensor a = options.normalize ? unit_rows(anchor) : anchor;
  const Tensor p = options.normalize ? unit_rows(positive) : positive;
  const double c = 1 / options.temperature;
  const Tensor lse = similarity_lse(a, p, scalar_like(c, a));  // [N]
  const Tensor loss = (lse - (a * p).sum(1) * c).mean();
  if (options.l2_weight == 0) return loss;
  return loss + options.l2_weight / 2 * (anchor.pow(2).sum(1).mean() + positive.pow(2).sum(1).mean());
}

}  // namespace likewise
