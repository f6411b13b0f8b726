#pragma once
// The linear probe: how much of the labels a linear classifier reads from frozen features.

#include <cstdint>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/eval/features.hpp"
#include "likewise/eval/logistic.hpp"

namespace likewise {

struct LinearProbeOptions {
  std::string protocol = "lbfgs";
  double penalty_low = 1e-6, penalty_high = 1e1;
  int64_t penalty_count = 8;
  double held_out = 0.2;
  int64_t max_iterations = 300;
  double tolerance = 1e-4;
  int64_t epochs = 100, batch = 256;
  double base_rate = 0.1;
  int64_t seed = 0;
  template <class V>
  void fields(V& v) {
    v("protocol", protocol,
      "lbfgs: logistic regression, penalty chosen on held-out training labels; "
      "sgd: momentum 0.9, cosine schedule",
      choices({"lbfgs", "sgd"}));
    v("penalty_low", penalty_low, "smallest L2 penalty tried", range(1e-12, 1e6));
    v("penalty_high", penalty_high, "largest L2 penalty tried", range(1e-12, 1e6));
    v("penalty_count", penalty_count, "penalties tried, evenly spaced in their logarithm",
      range(1, 100));
    v("held_out", held_out, "share of the training labels that chooses the penalty",
      range(0.01, 0.9));
    v("max_iterations", max_iterations, "L-BFGS iterations at most", range(1, 1e6));
    v("tolerance", tolerance, "L-BFGS stops at this largest gradient", range(1e-14, 1));
    v("epochs", epochs, "sgd: passes over the training rows", range(1, 1e5));
    v("batch", batch, "sgd: rows a step", range(1, 1e6));
    v("base_rate", base_rate, "sgd: learning rate for a batch of 256; scales with the batch",
      range(1e-6, 1e3));
    v("seed", seed, "chooses the held-out rows and the order of sgd", range(0, 9e18));
  }
};

struct PenaltyTrial {
  double penalty = 0, accuracy = 0, negative_log_likelihood = 0;  // on the held-out rows
};

struct LinearProbe {
  LinearModel model;
  double penalty = 0;                // the one refitted on all labels; 0 for sgd
  std::vector<PenaltyTrial> trials;  // strongest penalty first; empty for sgd
  std::string note;                  // what a reader should know, or empty
};

// Fits on the labelled rows of `train`. With lbfgs the penalty is the one of the best held-out
// accuracy (then of the lower loss), on a stratified part of the training labels, and the
// classifier is refitted on all of them: no test label is ever seen. Penalties are tried from the
// strongest on, until two in a row did worse. Where no class has two rows,
// 1e-2 is used and `note` says so. With sgd: rows standardised, rate base_rate * batch / 256 on a
// cosine to 0, momentum 0.9, no decay (Chen et al. 2020, arXiv 2002.05709, B.6). UserError without
// labels.
LinearProbe fit_linear_probe(const FeatureSet& train, const LinearProbeOptions& options = {});

// Accuracy on the labelled rows of `test`.
double probe_accuracy(const LinearProbe& probe, const FeatureSet& test);

}  // namespace likewise
