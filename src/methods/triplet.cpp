#include "likewise/methods/triplet.hpp"

#include <ATen/ops/cat.h>

namespace likewise {

Tensor Triplet::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  return triplet(at::cat(z), classes_of_rows(batch, z.size()), loss_options());
}

}  // namespace likewise
