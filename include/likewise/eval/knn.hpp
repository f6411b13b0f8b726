#pragma once
// Weighted nearest-neighbour classification: the quickest honest look at frozen features.

#include "likewise/base/options.hpp"
#include "likewise/eval/features.hpp"
#include "likewise/eval/search.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct KnnOptions {
  int64_t k = 200;
  double temperature = 0.1;
  template <class V>
  void fields(V& v) {
    v("k", k, "neighbours that vote (cut to the number of labelled rows)", range(1, 1e6));
    v("temperature", temperature, "a vote weighs exp(cosine / temperature)", range(0.01, 100));
  }
};

// score[c] = sum over the k nearest labelled rows i with label c of exp(cos(test, train_i) / T).
// Wu et al., "Unsupervised feature learning via non-parametric instance discrimination", 2018.
// train [N, D], labels int64 [N] (rows with label -1 are ignored), test [M, D]
// -> double [M, classes], `classes` = 0 meaning the largest label + 1. UserError without labels.
Tensor knn_scores(const Tensor& train, const Tensor& labels, const Tensor& test,
                  const KnnOptions& options = {}, int64_t classes = 0);

// The class of the largest score, the lower class on a tie: int64 [M].
Tensor knn_predict(const Tensor& train, const Tensor& labels, const Tensor& test,
                   const KnnOptions& options = {});

// Share of labelled test rows that `knn_predict` names rightly.
double knn_accuracy(const FeatureSet& train, const FeatureSet& test,
                    const KnnOptions& options = {});

}  // namespace likewise
