#include "likewise/train/finetune.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/base/progress.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/data/subset.hpp"
#include "likewise/nn/device.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/optim/optimizer.hpp"
#include "likewise/optim/schedule.hpp"
#include "train/batch_feed.hpp"

namespace likewise {

namespace {

DatasetPtr only_labelled(const DatasetPtr& data) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < data->size(); ++i) {
    if (data->label(i) >= 0) rows.push_back(i);
  }
  if (rows.empty()) throw UserError("{}: no sample has a label", data->info().name);
  return static_cast<int64_t>(rows.size()) == data->size() ? data : subset(data, rows);
}

// What learns: the encoder's weights and the head's.
std::unique_ptr<Optimizer> optimizer_of(const Encoder& encoder, const Tensor& weight,
                                        const Tensor& bias, const FinetuneOptions& options) {
  OptimOptions optim;
  optim.lr = options.lr;
  optim.weight_decay = options.weight_decay;
  std::vector<ParameterInfo> parameters = parameter_infos(encoder.named_parameters().pairs());
  parameters.push_back({"head.weight", weight, true});
  parameters.push_back({"head.bias", bias, false});
  return make_optimizer(optim, parameters);
}

}  // namespace

Finetuned finetune(const TrainedEncoder& start, const DatasetPtr& data, const LinearModel& probe,
                   FinetuneStart from, const FinetuneOptions& options, bool say) {
  const auto began = std::chrono::steady_clock::now();
  const DatasetPtr labelled = only_labelled(data);
  Finetuned out;
  out.model = {start.spec, start.spec.make(), start.origin + ", fine-tuned"};
  copy_weights(*start.encoder, *out.model.encoder);
  const c10::Device device = device_of(*start.encoder);
  out.model.encoder->to(device);
  Encoder& encoder = *out.model.encoder;
  encoder.eval();

  const auto floats = [device](const Tensor& x) { return x.to(device, at::kFloat, false, true); };
  const Tensor mean = floats(probe.mean), deviation = floats(probe.std);
  const bool zero = from == FinetuneStart::kZeroHead;
  Tensor weight = floats(zero ? at::zeros_like(probe.weight) : probe.weight);
  Tensor bias = floats(zero ? at::zeros_like(probe.bias) : probe.bias);
  weight.set_requires_grad(true);
  bias.set_requires_grad(true);
  const auto optimizer = optimizer_of(encoder, weight, bias, options);

  LoaderOptions loading;
  loading.batch = std::min(options.batch, labelled->size());
  loading.seed = static_cast<uint64_t>(options.seed);
  Loader loader(labelled, {train_views(start.spec, labelled).at(0)}, loading);
  const int64_t total = options.epochs * loader.steps_per_epoch();
  const ScheduleOptions schedule;
  ProgressLine progress(say ? "auto" : "none");
  for (int64_t step = 0; step < total; ++step) {
    const Batch batch = detail::to_device(loader.next(), device);
    optimizer->zero_grad();
    const Tensor h = encoder.forward(channels_last(batch.views[0]));   // [N, D]
    const Tensor logits = ((h - mean) / deviation).mm(weight) + bias;  // [N, K]
    const Tensor loss = at::cross_entropy_loss(logits, batch.labels);
    const double value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw TrainingError("fine-tuning: the loss became {} at step {}; a lower --finetune.lr helps",
                          value, step + 1);
    }
    loss.backward();
    optimizer->step(
        learning_rate(schedule, options.lr, static_cast<double>(step), static_cast<double>(total)));
    if (progress.due()) {
      progress.update(static_cast<double>(step) / static_cast<double>(total),
                      fmt::format("fine-tuning, loss {:.3f}", value));
    }
  }
  out.head = {weight.detach().to(at::kCPU, at::kDouble), bias.detach().to(at::kCPU, at::kDouble),
              probe.mean, probe.std};
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return out;
}

}  // namespace likewise
