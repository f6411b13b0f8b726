#pragma once
// How much of what an encoder knows survives common corruptions of images.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "likewise/data/dataset.hpp"
#include "likewise/eval/linear_probe.hpp"

namespace likewise {

struct CorruptionOptions {
  int64_t samples = 1000;
  std::string names;
  template <class V>
  void fields(V& v) {
    v("samples", samples, "test images that are corrupted, evenly spaced; 0: all", range(0, 1e9));
    v("names", names, "some of the fifteen, separated by commas; empty: all");
  }
};

// One kind of features: the encoder's, raw pixels, ...
struct ProbedFeatures {
  std::string name;
  FeatureSet train;                                     // clean
  std::function<FeatureSet(const DatasetPtr&)> extract;
};

// A linear probe on clean training features, tested on corrupted test images (views/corruptions.hpp):
//   {images, names: [15], groups: [15], severities: [1..5],
//    rows: [{features, clean, mean, by_severity: [5], accuracy: [15][5]}]}
// `clean` is the accuracy on the same images as they are, `mean` the plain mean over corruptions and
// severities, as in the tables of the CIFAR-10-C paper. Throws UserError for data that are no images.
nlohmann::json corruption_table(const std::vector<ProbedFeatures>& features, const DatasetPtr& test,
                                const CorruptionOptions& options, const LinearProbeOptions& linear,
                                const std::function<void(const std::string&)>& say);

}  // namespace likewise
