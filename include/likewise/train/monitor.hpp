#pragma once
// Is it working? What is measured every epoch beside the loss.

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "likewise/eval/loss_curve.hpp"
#include "likewise/methods/learned_views.hpp"
#include "likewise/methods/method.hpp"
#include "likewise/train/bundle.hpp"

namespace likewise {

// Looks at two views of a fixed set of images, in evaluation mode, without labels.
class HealthMonitor {
 public:
  HealthMonitor(const DatasetPtr& data, const std::vector<Transform>& views, int64_t samples,
                uint64_t seed, bool cues = true);
  // Remembers a sample of the encoder's weights: once, before training or restoring.
  void begin(const Method& method);

  // The numbers of eval/health.hpp with "verdict", a line in words. What the curve of the run says
  // of the learning rate comes first, since it explains the rest. With a viewmaker its views of
  // those views are looked at, and "view_diversity" is there (LearnedViews::diversity). `cues`:
  // whether to look for what two views share besides content. Of the samples, one run of 64 in
  // `stride` is looked at.
  nlohmann::json look(Method& method, const std::vector<CurvePoint>& curve = {},
                      const LearnedViews* learned = nullptr, int64_t stride = 1) const;

 private:
  // A target network that no longer moves while the learner does; empty: none, or alive.
  std::string target_trouble(const Method& method) const;
  // How far the sample moved since begin(), in its own lengths; -1: unknown.
  double weights_moved(const Method& method) const;

  uint64_t seed_;
  Tensor first_, second_;  // [M, C, H, W] each
  std::string shortcut_;   // what the views share besides content; empty: nothing much
  Tensor start_;           // the sample of the weights
  mutable std::vector<Tensor> copy_before_, learner_before_;  // weights at the last look
};

// The curve of a run as its metrics.jsonl has it: of the records of steps, in order. None without
// one.
std::vector<CurvePoint> read_curve(const std::filesystem::path& metrics);

// Accuracy of weighted kNN from labelled training data to labelled test data.
class KnnMonitor {
 public:
  KnnMonitor(DatasetPtr train, DatasetPtr test);
  double look(const TrainedEncoder& model) const;

 private:
  DatasetPtr train_, test_;
};

}  // namespace likewise
