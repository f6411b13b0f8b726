#include "likewise/methods/moco.hpp"

#include <ATen/TensorOperators.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {

Moco::Moco(std::shared_ptr<Encoder> encoder, const Options& options)
    : HeadMethod(encoder, options.head),
      options_(options),
      false_negatives_(options.false_negatives) {
  if (options.false_negatives.remove == "neighbours") {
    throw UserError(
        "--negatives.remove neighbours: a queue keeps no neighbours; labels and "
        "duplicates work with method moco");
  }
  copy_ = register_module("copy", slow_copy_of<Head>(*encoder, options.head));
  queue_ = register_module("queue", std::make_shared<KeyQueue>(options.queue, head().out_dim()));
}

void Moco::begin(const TrainContext& context) {
  copy_->start_from(encoder(), head());
  queue_->begin(context.seed);
  false_negatives_.begin(context);
}

Tensor Moco::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  LIKEWISE_CHECK(batch.views.size() >= 2, "MoCo compares two views, found {}", batch.views.size());
  Tensor sum;
  std::vector<Tensor> keys;
  const Tensor groups = false_negatives_.groups(batch, z, progress());
  for (size_t v = 0; v < 2; ++v) {
    if (!embeds(v)) continue;
    const Tensor k = unit_rows(copy_->embed(batch.views[1 - v], precision(), options_.parts));
    const Tensor one = info_nce(z[v], queue_->keys(),
                                {.positive_key = k,
                                 .query_group = groups,
                                 .key_group = groups.defined() ? queue_->groups() : groups,
                                 .groups_attract = false},
                                {.temperature = options_.temperature});
    sum = sum.defined() ? (sum + one) / 2 : one;
    keys.push_back(k);
  }
  if (records()) {
    for (const Tensor& k : keys) pending_.emplace_back(k, groups);
  }
  return sum;
}

void Moco::after_step(const TrainProgress&) {
  for (const auto& [keys, groups] : pending_) queue_->push(keys, groups);
  pending_.clear();
  copy_->follow(encoder(), head(), options_.momentum);
}

}  // namespace likewise
