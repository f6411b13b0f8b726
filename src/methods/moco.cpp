#include "likewise/methods/moco.hpp"

#include <ATen/TensorOperators.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {

Moco::Moco(std::shared_ptr<Encoder> encoder, const Options& options)
    : Method(encoder), options_(options) {
  if (options.false_negatives.remove == "neighbours") {
    throw UserError("--negatives.remove neighbours: a queue keeps no neighbours; labels and "
                    "duplicates work with method moco");
  }
  const int64_t width = encoder->feature_dim();
  head_ = register_module("head", std::make_shared<Head>(width, options.head));
  auto head = std::make_shared<Head>(width, options.head);
  copy_ = register_module("copy", std::make_shared<SlowCopy>(
                                      encoder->twin(), head,
                                      [head = head.get()](const Tensor& h) { return head->forward(h); }));
  queue_ = register_module("queue", std::make_shared<KeyQueue>(options.queue, head_->out_dim()));
}

void Moco::begin(const TrainContext& context) {
  copy_->start_from(encoder(), *head_);
  queue_->begin(context.seed);
  duplicates_ = context.duplicates;
}

Tensor Moco::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  LIKEWISE_CHECK(batch.views.size() >= 2, "MoCo compares two views, found {}", batch.views.size());
  Tensor sum;
  std::vector<Tensor> keys;
  const Tensor groups = false_negative_groups(options_.false_negatives, batch, z, duplicates_,
                                              progress().fraction);
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
  copy_->follow(encoder(), *head_, options_.momentum);
}

}  // namespace likewise
