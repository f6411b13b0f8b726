#include "likewise/train/monitor.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/eval/health.hpp"
#include "likewise/eval/knn.hpp"
#include "likewise/eval/shortcuts.hpp"
#include "likewise/nn/memory_format.hpp"

namespace likewise {

namespace {

constexpr int64_t kChunk = 256;

}  // namespace

HealthMonitor::HealthMonitor(const DatasetPtr& data, const std::vector<Transform>& views,
                             int64_t samples, uint64_t seed) {
  const int64_t n = data->size(), wanted = std::min(samples, n);
  std::vector<Tensor> first, second;
  for (int64_t k = 0; k < wanted; ++k) {
    const int64_t index = k * n / wanted;
    try {
      const std::vector<Tensor> parts = data->get(index).parts;
      for (uint64_t v = 0; v < 2; ++v) {
        Rng rng(seed, {0x4ea1, static_cast<uint64_t>(index), v});
        (v == 0 ? first : second).push_back(views.at(v)(parts.at(v % parts.size()), rng));
      }
    } catch (const DataError&) {
      // The loader names broken images; here they are only left out.
    }
  }
  if (first.size() < 2) return;
  first_ = channels_last(at::stack(first));
  second_ = channels_last(at::stack(second));
  if (data->info().modality != Modality::image) return;  // its cues are those of pictures
  shortcut_ = shortcut_warning(measure_shortcuts(first_, second_), first_.size(0));
}

std::string HealthMonitor::target_trouble(const Method& method) const {
  const torch::nn::Module* copy = method.slow_copy();
  if (!copy) return "";
  // How far all weights moved since the last look, relative to their length.
  const auto moved = [](const torch::nn::Module& module, std::vector<Tensor>& before) {
    double change = 0, length = 0;
    std::vector<Tensor> now;
    for (const Tensor& parameter : module.parameters()) now.push_back(parameter.detach().clone());
    for (size_t i = 0; i < before.size(); ++i) {
      change += (now[i] - before[i]).pow(2).sum().item<double>();
      length += now[i].pow(2).sum().item<double>();
    }
    before = std::move(now);
    return length > 0 ? std::sqrt(change / length) : -1;
  };
  const double of_copy = moved(*copy, copy_before_);
  const double of_learner = moved(*method.children().at(0), learner_before_);
  if (of_copy < 0 || of_learner < 1e-3 || of_copy > 1e-3 * of_learner) return "";
  return fmt::format(
      "dead target network: since the last look the learner's weights moved by {:.2g} of their length "
      "and the slow copy's by {:.2g}; lower --momentum",
      of_learner, of_copy);
}

nlohmann::json HealthMonitor::look(Method& method) const {
  if (!first_.defined()) return nlohmann::json::object();
  std::vector<Tensor> h, z0, z1;
  for (int64_t start = 0; start < first_.size(0); start += kChunk) {
    const int64_t count = std::min(kChunk, first_.size(0) - start);
    h.push_back(method.encoder().forward(first_.narrow(0, start, count)));
    z0.push_back(method.project(h.back()));
    z1.push_back(method.embed(second_.narrow(0, start, count)));
  }
  const Health health = measure_health(at::cat(h), at::cat(z0), at::cat(z1));
  std::string line = verdict(health);
  const bool healthy = line.rfind("healthy", 0) == 0;
  const std::string target = target_trouble(method);
  if (healthy && !target.empty()) line = target;
  if (!shortcut_.empty()) line += "; " + shortcut_;
  return {{"spread", health.feature_std},
          {"rank", health.feature_rank},
          {"projection_spread", health.projection_std},
          {"projection_rank", health.projection_rank},
          {"alignment", health.alignment},
          {"uniformity", health.uniformity},
          {"positive", health.positive_cosine},
          {"negative", health.mean_negative_cosine},
          {"hardest_negative", health.hardest_negative_cosine},
          {"retrieval", health.retrieval},
          {"near_share", health.near_share},
          {"verdict", line}};
}

KnnMonitor::KnnMonitor(DatasetPtr train, DatasetPtr test)
    : train_(std::move(train)), test_(std::move(test)) {}

double KnnMonitor::look(const TrainedEncoder& model) const {
  return knn_accuracy(extract_features(model, train_).set, extract_features(model, test_).set);
}

}  // namespace likewise
