#include "likewise/train/classifier.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/eval/calibration.hpp"
#include "likewise/eval/labels.hpp"
#include "likewise/eval/scores.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/version.hpp"

namespace likewise {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kFolds = 5;

}  // namespace

double calibrate(const FeatureSet& train, double penalty, int64_t seed) {
  const FeatureSet set = labelled(train);
  const int64_t classes = class_count(set);
  const auto by_class = rows_by_class(set.y, classes);
  int64_t folds = kFolds;
  for (const auto& rows : by_class) {
    if (!rows.empty()) folds = std::min(folds, static_cast<int64_t>(rows.size()));
  }
  if (folds < 2) return 1;
  std::vector<std::vector<int64_t>> parts(static_cast<size_t>(folds));
  for (size_t c = 0; c < by_class.size(); ++c) {
    const auto n = static_cast<int64_t>(by_class[c].size());
    const auto order = Rng(static_cast<uint64_t>(seed), {0xca11, c}).permutation(n);
    for (int64_t i = 0; i < n; ++i) {
      parts[static_cast<size_t>(i % folds)].push_back(
          by_class[c][static_cast<size_t>(order[static_cast<size_t>(i)])]);
    }
  }
  LogisticOptions options;
  options.penalty = penalty;
  std::vector<Tensor> logits, labels;
  for (size_t k = 0; k < parts.size(); ++k) {
    std::vector<int64_t> rest;
    for (size_t j = 0; j < parts.size(); ++j) {
      if (j != k) rest.insert(rest.end(), parts[j].begin(), parts[j].end());
    }
    const FeatureSet fit = take(set, rest), held_out = take(set, parts[k]);
    logits.push_back(fit_logistic(fit.x, fit.y, classes, options).model.logits(held_out.x));
    labels.push_back(held_out.y);
  }
  return fit_temperature(at::cat(logits), at::cat(labels));
}

Prediction predict(const Classifier& classifier, const Tensor& features) {
  Prediction out;
  out.probabilities = apply_temperature(classifier.linear.logits(features), classifier.temperature);
  out.label = first_largest(out.probabilities);
  out.novelty = classifier.novelty.score(features);
  return out;
}

void save_classifier(const fs::path& folder, const Classifier& classifier,
                     const std::string& summary_json) {
  NamedTensors tensors;
  append_prefixed(tensors, "model.encoder.", named_tensors(*classifier.model.encoder));
  append_prefixed(tensors, "classifier.",
                  {{"weight", classifier.linear.weight},
                   {"bias", classifier.linear.bias},
                   {"mean", classifier.linear.mean},
                   {"std", classifier.linear.std}});
  append_prefixed(tensors, "novelty.",
                  {{"bank", classifier.novelty.bank}, {"distances", classifier.novelty.distances}});
  write_tensors(folder / "model.safetensors", tensors,
                {{"likewise", kVersion},
                 {"spec", classifier.model.spec.to_toml()},
                 {"classes", detail::json_text(classifier.class_names)},
                 {"temperature", fmt::format("{}", classifier.temperature)},
                 {"novelty_k", std::to_string(classifier.novelty.k)}});
  write_file(folder / "model.json", summary_json + "\n");
}

Classifier load_classifier(const fs::path& folder) {
  const fs::path file = fs::is_directory(folder) ? folder / "model.safetensors" : folder;
  if (!fs::exists(file)) {
    throw UserError("there is no model in {} (no model.safetensors); likewise fit makes one",
                    folder.string());
  }
  const Checkpoint checkpoint = load_checkpoint(file);
  Classifier out;
  out.model = load_encoder(file);
  const auto tensor = [&](const std::string& name) {
    for (const auto& [key, value] : checkpoint.tensors) {
      if (key == name) return value;
    }
    throw DataError("{}: the tensor '{}' is missing; is this a model made by likewise fit?",
                    checkpoint.path, name);
  };
  out.linear = {tensor("classifier.weight"), tensor("classifier.bias"), tensor("classifier.mean"),
                tensor("classifier.std")};
  out.novelty.bank = tensor("novelty.bank");
  out.novelty.distances = tensor("novelty.distances");
  try {
    out.class_names =
        nlohmann::json::parse(checkpoint.meta("classes")).get<std::vector<std::string>>();
    out.temperature = checkpoint.real("temperature");
    out.novelty.k = checkpoint.integer("novelty_k");
  } catch (const std::exception& error) {
    throw DataError("{}: the description of the classifier is damaged: {}", checkpoint.path,
                    error.what());
  }
  return out;
}

}  // namespace likewise
