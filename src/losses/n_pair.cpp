#include "likewise/losses/n_pair.hpp"

#include <ATen/TensorOperators.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/contrastive.hpp"

namespace likewise {

Tensor n_pair(const Tensor& anchor, const Tensor& positive, const NPairOptions& options) {
  LIKEWISE_CHECK(anchor.dim() == 2 && anchor.sizes() == positive.sizes(), "two sides [N, D]");
  const Tensor loss =
      info_nce(anchor, positive, {},
               {.temperature = options.temperature, .normalize = options.normalize});
  if (options.l2_weight == 0) return loss;
  return loss + options.l2_weight / 2 * (anchor.pow(2).sum(1).mean() + positive.pow(2).sum(1).mean());
}

}  // namespace likewise
