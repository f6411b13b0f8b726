#include "likewise/methods/supcon.hpp"

#include <ATen/ops/cat.h>

#include "likewise/methods/batch_labels.hpp"

namespace likewise {

SupCon::SupCon(std::shared_ptr<Encoder> encoder, const Options& options)
    : Method(encoder), options_(options) {
  head_ = register_module("head", std::make_shared<Head>(encoder->feature_dim(), options.head));
}

Tensor SupCon::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  const Tensor labels =
      sample_labels(batch, options_.labels).repeat({static_cast<int64_t>(z.size())});
  const SupConForm form = options_.form == "in"      ? SupConForm::kIn
                          : options_.form == "apart" ? SupConForm::kApart
                                                     : SupConForm::kOut;
  return supcon(at::cat(z), labels, options_.temperature, form);
}

}  // namespace likewise
