#include "likewise/train/monitor.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/threads.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/eval/health.hpp"
#include "likewise/eval/knn.hpp"
#include "likewise/eval/shortcuts.hpp"
#include "likewise/nn/device.hpp"
#include "likewise/nn/memory_format.hpp"

namespace likewise {

namespace {

constexpr int64_t kChunk = 64;       // images at a time: activations stay near the processor
constexpr int64_t kDiversity = 256;  // images whose learned views are compared
constexpr int64_t kSampled = 4096;   // values of each weight

Tensor weight_sample(const Method& method) {
  std::vector<Tensor> parts;
  for (const Tensor& parameter : method.children().at(0)->parameters()) {
    if (parameter.dim() < 2) continue;  // norms and biases begin at 0 and 1, whatever their size
    const Tensor flat = parameter.detach().reshape({-1});
    parts.push_back(flat.narrow(0, 0, std::min(kSampled, flat.numel())).to(at::kCPU, at::kFloat));
  }
  return parts.empty() ? Tensor() : at::cat(parts);
}

}  // namespace

HealthMonitor::HealthMonitor(const DatasetPtr& data, const std::vector<Transform>& views,
                             int64_t samples, uint64_t seed, bool cues)
    : seed_(seed) {
  const int64_t n = data->size(), wanted = std::min(samples, n);
  std::vector<std::array<Tensor, 2>> found(static_cast<size_t>(wanted));
  detail::for_each_in_parallel(
      wanted,
      [&](int64_t, int64_t k) {
        const int64_t index = k * n / wanted;
        std::array<Tensor, 2> pair;
        try {
          const std::vector<Tensor> parts = data->get(index).parts;
          for (uint64_t v = 0; v < 2; ++v) {
            Rng rng(seed, {0x4ea1, static_cast<uint64_t>(index), v});
            pair[v] = views.at(v)(parts.at(v % parts.size()), rng);
          }
        } catch (const DataError&) {
          return;  // the loader names broken images; here they are only left out
        }
        found[static_cast<size_t>(k)] = std::move(pair);
      },
      at::get_num_threads());
  std::vector<Tensor> first, second;
  for (auto& pair : found) {
    if (!pair[0].defined()) continue;
    first.push_back(std::move(pair[0]));
    second.push_back(std::move(pair[1]));
  }
  if (first.size() < 2) return;
  first_ = channels_last(at::stack(first));
  second_ = channels_last(at::stack(second));
  if (!cues || data->info().modality != Modality::image) return;  // its cues are those of pictures
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
      "dead target network: since the last look the learner's weights moved by {:.2g} of their "
      "length "
      "and the slow copy's by {:.2g}; lower --momentum",
      of_learner, of_copy);
}

void HealthMonitor::begin(const Method& method) { start_ = weight_sample(method); }

double HealthMonitor::weights_moved(const Method& method) const {
  if (!start_.defined()) return -1;
  const double length = start_.norm().item<double>();
  return length > 0 ? (weight_sample(method) - start_).norm().item<double>() / length : -1;
}

nlohmann::json HealthMonitor::look(Method& method, const std::vector<CurvePoint>& curve,
                                   const LearnedViews* learned, int64_t stride) const {
  if (!first_.defined()) return nlohmann::json::object();
  std::vector<Tensor> h, z0, z1;
  const c10::Device device = device_of(method);
  // Rows [start, start + count) of a view, with the same noise at every look.
  const auto rows = [&](const Tensor& all, int64_t view, int64_t start, int64_t count) {
    const Tensor x = all.narrow(0, start, count).to(device);
    return learned ? learned->view(x, {viewmaker_noise(seed_, 0, 2, view), start}) : x;
  };
  for (int64_t start = 0; start < first_.size(0); start += kChunk * stride) {
    const int64_t count = std::min(kChunk, first_.size(0) - start);
    const Tensor features = method.encoder().forward(rows(first_, 0, start, count));
    h.push_back(features.to(at::kCPU));
    z0.push_back(method.project(features).to(at::kCPU));
    z1.push_back(method.embed(rows(second_, 1, start, count)).to(at::kCPU));
  }
  const Health health = measure_health(at::cat(h), at::cat(z0), at::cat(z1));
  std::string line = verdict(health, method.has_temperature());
  const bool healthy = line.rfind("healthy", 0) == 0;
  const std::string target = target_trouble(method);
  if (healthy && !target.empty()) line = target;
  const double moved = weights_moved(method);
  const std::string rate = health.finite ? learning_rate_verdict(curve, moved) : "";
  if (!rate.empty()) line = rate + "; besides, " + line;
  if (!shortcut_.empty()) line += "; " + shortcut_;
  nlohmann::json record = {{"spread", health.feature_std},
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
                           {"weights_moved", moved},
                           {"verdict", line}};
  if (learned) {
    const int64_t count = std::min(kDiversity, first_.size(0));
    record["view_diversity"] =
        learned->diversity(first_.narrow(0, 0, count).to(device), viewmaker_noise(seed_, 0, 3, 0));
  }
  return record;
}

std::vector<CurvePoint> read_curve(const std::filesystem::path& metrics) {
  std::vector<CurvePoint> curve;
  if (!std::filesystem::exists(metrics)) return curve;
  for (const auto& line : split(read_text(metrics), '\n')) {
    const auto record = nlohmann::json::parse(line, nullptr, false);
    if (!record.is_object() || record.value("kind", "") != "step") continue;
    const auto number = [&record](const char* key) {
      const auto found = record.find(key);
      return found != record.end() && found->is_number() ? found->get<double>() : 0;
    };
    curve.push_back({number("step"), number("loss"), number("grad_norm"),
                     std::max(number("grad_norm"), number("largest_norm")), number("lr")});
  }
  return curve;
}

KnnMonitor::KnnMonitor(DatasetPtr train, DatasetPtr test)
    : train_(std::move(train)), test_(std::move(test)) {}

double KnnMonitor::look(const TrainedEncoder& model) const {
  return knn_accuracy(extract_features(model, train_).set, extract_features(model, test_).set);
}

}  // namespace likewise
