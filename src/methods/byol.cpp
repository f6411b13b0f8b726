#include "likewise/methods/byol.hpp"

#include <ATen/TensorOperators.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/regression.hpp"

namespace likewise {

Byol::Byol(std::shared_ptr<Encoder> encoder, const Options& options)
    : PredictorMethod(encoder, options.head, options.predictor), options_(options) {
  if (!options.stop_gradient) return;
  copy_ = register_module("copy", slow_copy_of<Head>(*encoder, options.head));
}

void Byol::begin(const TrainContext&) {
  if (copy_) copy_->start_from(encoder(), head());
}

Tensor Byol::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  LIKEWISE_CHECK(z.size() >= 2, "BYOL compares two views, found {}", z.size());
  return both_ways([&](size_t v) {
    const Tensor target = copy_ ? copy_->embed(batch.views[1 - v], precision()) : z[1 - v];
    return 2 + 2 * negative_cosine(predict(z[v]), target);
  });
}

void Byol::after_step(const TrainProgress& progress) {
  if (copy_) copy_->follow(encoder(), head(), options_.copy.at(progress.fraction));
}

}  // namespace likewise
