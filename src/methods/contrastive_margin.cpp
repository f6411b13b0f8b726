#include "likewise/methods/contrastive_margin.hpp"

#include <ATen/ops/cat.h>

namespace likewise {

Tensor ContrastiveMargin::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  return contrastive_margin(at::cat(z), classes_of_rows(batch, z.size()), loss_options());
}

}  // namespace likewise
