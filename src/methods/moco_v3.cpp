#include "likewise/methods/moco_v3.hpp"

#include <ATen/TensorOperators.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/contrastive.hpp"

namespace likewise {

MocoV3::MocoV3(std::shared_ptr<Encoder> encoder, const Options& options)
    : PredictorMethod(encoder, options.head, options.predictor),
      options_(options),
      false_negatives_(options.false_negatives) {
  copy_ = register_module("copy", slow_copy_of<Head>(*encoder, options.head));
}

void MocoV3::begin(const TrainContext& context) {
  copy_->start_from(encoder(), head());
  false_negatives_.begin(context);
}

Tensor MocoV3::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  LIKEWISE_CHECK(z.size() >= 2, "MoCo v3 compares two views, found {}", z.size());
  const Tensor groups = false_negatives_.groups(batch, z, progress());
  const Tensor sum = both_ways([&](size_t v) {
    const Tensor q = predict(z[v]);
    return info_nce(q, copy_->embed(batch.views[1 - v], precision()),
                    batch_pairs(groups, q.size(0)), {.temperature = options_.temperature});
  });
  return 2 * options_.temperature * sum;
}

void MocoV3::after_step(const TrainProgress& progress) {
  copy_->follow(encoder(), head(), options_.copy.at(progress.fraction));
}

}  // namespace likewise
