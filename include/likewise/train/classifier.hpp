#pragma once
// A classifier on a trained encoder: what `fit` makes and `predict` uses.

#include <filesystem>
#include <string>
#include <vector>

#include "likewise/eval/logistic.hpp"
#include "likewise/eval/novelty.hpp"
#include "likewise/train/bundle.hpp"

namespace likewise {

struct Classifier {
  TrainedEncoder model;
  LinearModel linear;             // on the encoder's features
  double temperature = 1;         // of its probabilities
  NoveltyModel novelty;           // of the features it was fitted on
  std::vector<std::string> class_names;
};

struct Prediction {
  Tensor probabilities;  // double [N, K]
  Tensor label;          // int64 [N]
  Tensor novelty;        // double [N]: share of training rows that are less unusual, 0 to 1
};

// Temperature from out-of-fold logits: the labels are cut into up to five stratified folds, so every
// label both fits and calibrates. 1 where some class has a single label.
double calibrate(const FeatureSet& train, double penalty, int64_t seed);

Prediction predict(const Classifier& classifier, const Tensor& features);

// A folder with model.safetensors and model.json (a summary for people). Written whole or not at all.
void save_classifier(const std::filesystem::path& folder, const Classifier& classifier,
                     const std::string& summary_json);
Classifier load_classifier(const std::filesystem::path& folder);

}  // namespace likewise
