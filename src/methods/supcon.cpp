#include "likewise/methods/supcon.hpp"

#include <ATen/ops/cat.h>

namespace likewise {

Tensor SupCon::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  const SupConForm form = loss_options().form == "in"      ? SupConForm::kIn
                          : loss_options().form == "apart" ? SupConForm::kApart
                                                           : SupConForm::kOut;
  return supcon(at::cat(z), classes_of_rows(batch, z.size()), loss_options().temperature, form);
}

}  // namespace likewise
