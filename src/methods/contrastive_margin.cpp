#include "likewise/methods/contrastive_margin.hpp"

#include <ATen/ops/cat.h>

#include "likewise/methods/batch_labels.hpp"

namespace likewise {

ContrastiveMargin::ContrastiveMargin(std::shared_ptr<Encoder> encoder, const Options& options)
    : Method(encoder), options_(options) {
  head_ = register_module("head", std::make_shared<Head>(encoder->feature_dim(), options.head));
}

Tensor ContrastiveMargin::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  const Tensor labels =
      sample_labels(batch, options_.labels).repeat({static_cast<int64_t>(z.size())});
  return contrastive_margin(at::cat(z), labels, options_.loss);
}

}  // namespace likewise
