#include "likewise/methods/byol.hpp"

#include <ATen/TensorOperators.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/regression.hpp"
#include "likewise/optim/ema.hpp"

namespace likewise {

Byol::Byol(std::shared_ptr<Encoder> encoder, const Options& options)
    : Method(encoder), options_(options) {
  const int64_t width = encoder->feature_dim();
  head_ = register_module("head", std::make_shared<Head>(width, options.head));
  HeadOptions predictor = options.predictor;
  predictor.out = head_->out_dim();
  predictor_ = register_module("predictor", std::make_shared<Head>(head_->out_dim(), predictor));
  if (!options.stop_gradient) return;
  auto head = std::make_shared<Head>(width, options.head);
  copy_ = register_module("copy", std::make_shared<SlowCopy>(
                                      encoder->twin(), head,
                                      [head = head.get()](const Tensor& h) { return head->forward(h); }));
}

void Byol::begin(const TrainContext&) {
  if (copy_) copy_->start_from(encoder(), *head_);
}

Tensor Byol::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  LIKEWISE_CHECK(z.size() >= 2, "BYOL compares two views, found {}", z.size());
  Tensor sum;
  for (size_t v = 0; v < 2; ++v) {
    const Tensor target = copy_ ? copy_->embed(batch.views[1 - v], precision()) : z[1 - v];
    const Tensor one = 2 + 2 * negative_cosine(predictor_->forward(z[v]), target);
    sum = sum.defined() ? sum + one : one;
  }
  return sum;
}

void Byol::after_step(const TrainProgress& progress) {
  if (!copy_) return;
  copy_->follow(encoder(), *head_,
                ema_momentum(options_.momentum, options_.momentum_end, progress.fraction, 1));
}

}  // namespace likewise
