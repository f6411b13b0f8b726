#pragma once
// How much of what an encoder knows survives common corruptions.

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
    v("samples", samples, "test samples that are corrupted, evenly spaced; 0: all", range(0, 1e9));
    v("names", names, "some of `likewise list corruptions`, separated by commas; empty: all");
  }
};

// One kind of features: the encoder's, raw pixels, ...
struct ProbedFeatures {
  std::string name;
  FeatureSet train;  // clean
  std::function<FeatureSet(const DatasetPtr&)> extract;
};

// A linear probe on clean training features, tested on corrupted test samples
// (views/corruptions.hpp):
//   {samples, names: [K], groups: [K], severities: [1..5],
//    rows: [{features, clean, mean, by_severity: [5], accuracy: [K][5]}]}
// `clean` is the accuracy on the same samples as they are, `mean` the plain mean over corruptions
// and severities, as in the tables of the CIFAR-10-C paper. `rate`: frames a second of sounds and
// series.
nlohmann::json corruption_table(const std::vector<ProbedFeatures>& features, const DatasetPtr& test,
                                const CorruptionOptions& options, double rate,
                                const LinearProbeOptions& linear,
                                const std::function<void(const std::string&)>& say);

}  // namespace likewise
