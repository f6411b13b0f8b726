#include "likewise/methods/dino.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "likewise/base/error.hpp"
#include "likewise/losses/dino.hpp"

namespace likewise {

Dino::Dino(std::shared_ptr<Encoder> encoder, const Options& options)
    : Method(encoder), options_(options) {
  head_ = register_module("head", std::make_shared<DinoHead>(encoder->feature_dim(), options.head));
  teacher_ = register_module("teacher", slow_copy_of<DinoHead>(*encoder, options.head));
  centre_ = register_buffer("centre", at::zeros({options.head.out}));
}

void Dino::begin(const TrainContext& context) {
  steps_per_epoch_ = context.steps_per_epoch;
  teacher_->start_from(encoder(), *head_);
}

double Dino::epoch() const {
  return static_cast<double>(progress().step) / static_cast<double>(steps_per_epoch_);
}

Tensor Dino::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  LIKEWISE_CHECK(z.size() >= 2, "DINO compares two views or more, found {}", z.size());
  std::vector<Tensor> teacher;
  for (size_t v = 0; v < 2; ++v) teacher.push_back(teacher_->embed(batch.views[v], precision()));
  const double rise =
      options_.warmup_teacher > 0 ? std::min(1.0, epoch() / options_.warmup_teacher) : 1;
  const double temperature =
      options_.teacher_temperature_start +
      rise * (options_.teacher_temperature - options_.teacher_temperature_start);
  const Tensor loss = dino(z, teacher, centre_, options_.student_temperature, temperature);
  if (records()) pending_.push_back(dino_batch_centre(teacher));
  return loss;
}

void Dino::after_backward() {
  if (epoch() >= options_.freeze) return;
  for (auto& item : head_->named_parameters()) {
    if (item.key().rfind("last_layer.", 0) != 0) continue;
    Tensor gradient = item.value().mutable_grad();
    if (gradient.defined()) gradient.zero_();
  }
}

void Dino::after_step(const TrainProgress& progress) {
  const at::NoGradGuard no_grad;
  if (!pending_.empty()) {
    const Tensor mean = at::stack(pending_).mean(0);
    centre_.mul_(options_.centre_momentum).add_(mean, 1 - options_.centre_momentum);
    pending_.clear();
  }
  teacher_->follow(encoder(), *head_, options_.teacher.at(progress.fraction));
}

}  // namespace likewise
