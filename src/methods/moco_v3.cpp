#include "likewise/methods/moco_v3.hpp"

#include <ATen/TensorOperators.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/optim/ema.hpp"

namespace likewise {

MocoV3::MocoV3(std::shared_ptr<Encoder> encoder, const Options& options)
    : Method(encoder), options_(options) {
  const int64_t width = encoder->feature_dim();
  head_ = register_module("head", std::make_shared<Head>(width, options.head));
  HeadOptions predictor = options.predictor;
  predictor.out = head_->out_dim();
  predictor_ = register_module("predictor", std::make_shared<Head>(head_->out_dim(), predictor));
  auto head = std::make_shared<Head>(width, options.head);
  copy_ = register_module("copy", std::make_shared<SlowCopy>(
                                      encoder->twin(), head,
                                      [head = head.get()](const Tensor& h) { return head->forward(h); }));
}

void MocoV3::begin(const TrainContext& context) {
  copy_->start_from(encoder(), *head_);
  duplicates_ = context.duplicates;
}

Tensor MocoV3::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  LIKEWISE_CHECK(z.size() >= 2, "MoCo v3 compares two views, found {}", z.size());
  const Tensor groups = false_negative_groups(options_.false_negatives, batch, z, duplicates_,
                                              progress().fraction);
  Tensor sum;
  for (size_t v = 0; v < 2; ++v) {
    const Tensor one =
        info_nce(predictor_->forward(z[v]), copy_->embed(batch.views[1 - v], precision()),
                 batch_pairs(groups, z[v].size(0)), {.temperature = options_.temperature});
    sum = sum.defined() ? sum + one : one;
  }
  return 2 * options_.temperature * sum;
}

void MocoV3::after_step(const TrainProgress& progress) {
  copy_->follow(encoder(), *head_,
                ema_momentum(options_.momentum, options_.momentum_end, progress.fraction, 1));
}

}  // namespace likewise
