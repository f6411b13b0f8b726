#pragma once
// The few-label table: accuracy of a linear classifier fitted on k labels a class, over many draws.

#include <cstdint>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/eval/features.hpp"
#include "likewise/eval/table.hpp"

namespace likewise {

struct FewLabelOptions {
  std::vector<int64_t> labels_per_class = {1, 5, 10, 50};
  int64_t draws = 10;
  double penalty = 1e-2;
  int64_t max_iterations = 200;
  double tolerance = 1e-4;
  int64_t seed = 0;
  template <class V>
  void fields(V& v) {
    v("labels_per_class", labels_per_class, "labels a class, one row of the table each");
    v("draws", draws, "independent draws of the labels", range(2, 1e5));
    v("penalty", penalty, "L2 penalty, fixed: few labels leave none to choose it", range(0, 1e6));
    v("max_iterations", max_iterations, "L-BFGS iterations at most", range(1, 1e6));
    v("tolerance", tolerance, "L-BFGS stops at this largest gradient", range(1e-14, 1));
    v("seed", seed, "seed of the draws", range(0, 9e18));
  }
};

struct FewLabelRow {
  int64_t labels_per_class = 0;
  MeanInterval accuracy;      // share right, mean and 95 % t-interval over the draws
  std::vector<double> draws;  // accuracy of every draw
  std::string skipped;        // why there is no accuracy, or empty
};

// For every k and draw: k rows of every class of `train`, drawn by Rng(seed, {k, draw, class}),
// standardised by their own statistics; logistic regression with the fixed penalty; accuracy on all
// labelled rows of `test`. The classes are those with a label in `train`; test rows of others count
// as wrong. A k that some class cannot give is skipped, and the row says which.
// UserError where train or test has no label.
std::vector<FewLabelRow> few_label_table(const FeatureSet& train, const FeatureSet& test,
                                         const FewLabelOptions& options = {});

// "5 labels a class: 65.2 ± 0.9 % (10 draws)", one line a row.
std::string to_text(const std::vector<FewLabelRow>& rows);

}  // namespace likewise
