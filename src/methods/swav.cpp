#include "likewise/methods/swav.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/matmul.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/similarity_lse.hpp"
#include "likewise/losses/swav.hpp"

namespace likewise {

Swav::Swav(std::shared_ptr<Encoder> encoder, const Options& options)
    : HeadMethod(std::move(encoder), options.head), options_(options) {
  prototypes_ = register_module(
      "prototypes", std::make_shared<Linear>(head().out_dim(), options.prototypes, false));
  for (int v = 0; v < 2 && options.queue > 0; ++v) {
    queues_[v] = register_module("queue" + std::to_string(v),
                                 std::make_shared<KeyQueue>(options.queue, head().out_dim()));
  }
}

void Swav::begin(const TrainContext& context) {
  steps_per_epoch_ = context.steps_per_epoch;
  normalize_prototypes();
  for (int v = 0; v < 2; ++v) {
    if (queues_[v]) queues_[v]->begin(context.seed + static_cast<uint64_t>(v));
  }
}

void Swav::normalize_prototypes() {
  const at::NoGradGuard no_grad;
  prototypes_->weight.copy_(unit_rows(prototypes_->weight));
}

double Swav::epoch() const {
  return static_cast<double>(progress().step) / static_cast<double>(steps_per_epoch_);
}

Tensor Swav::loss_of(const std::vector<Tensor>& z, const Batch&) {
  LIKEWISE_CHECK(z.size() >= 2, "SwAV compares two views or more, found {}", z.size());
  std::vector<Tensor> scores, queued;
  for (const Tensor& one : z) scores.push_back(prototypes_->forward(unit_rows(one)));
  if (queues_[0] && epoch() >= options_.queue_from) {
    for (const auto& queue : queues_) {
      queued.push_back(at::matmul(queue->keys(), prototypes_->weight.detach().t()));
    }
  }
  if (queues_[0] && records()) {
    for (int v = 0; v < 2; ++v)
      pending_[v].push_back(unit_rows(z[static_cast<size_t>(v)].detach()));
  }
  return swav(scores,
              {.temperature = options_.temperature,
               .epsilon = options_.epsilon,
               .iterations = options_.iterations},
              queued);
}

void Swav::after_backward() {
  if (epoch() >= options_.freeze) return;
  Tensor gradient = prototypes_->weight.mutable_grad();
  if (gradient.defined()) gradient.zero_();
}

void Swav::after_step(const TrainProgress&) {
  normalize_prototypes();
  for (int v = 0; v < 2; ++v) {
    for (const Tensor& keys : pending_[v]) queues_[v]->push(keys);
    pending_[v].clear();
  }
}

}  // namespace likewise
