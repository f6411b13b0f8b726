#pragma once
// Foreign inputs: how unusual is a row compared with what the classifier was fitted on?

#include <cstdint>

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct NoveltyOptions {
  int64_t k = 1;
  int64_t max_rows = 20000;
  int64_t seed = 0;
  template <class V>
  void fields(V& v) {
    v("k", k, "distance to the k-th nearest training row", range(1, 1e4));
    v("max_rows", max_rows, "training rows kept (a random choice beyond)", range(2, 1e8));
    v("seed", seed, "seed of that choice", range(0, 9e18));
  }
};

// What `fit_novelty` keeps; plain tensors, to be stored with a model.
struct NoveltyModel {
  Tensor bank;  // float [B, D], L2-normalised training rows
  Tensor
      distances;  // double [B], ascending: each row's distance to its k-th neighbour among others
  int64_t k = 1;

  // Distance 1 - cosine to the k-th nearest training row: double [N].
  Tensor distance(const Tensor& x) const;

  // Share of training rows that lie closer to their neighbours than x does to its own, ties
  // counting one half: double [N] in [0, 1]. Rows like the training rows are uniform on it;
  // refusing scores above 0.99 refuses about 1 % of them. 1 means farther out than every training
  // row.
  Tensor score(const Tensor& x) const;
};

// Leave-one-out distances of the training features x [N, D]. Copies of one another make distances
// small, so leave augmented copies out. k-th neighbour: Sun et al. 2022, arXiv 2204.06507.
// UserError for fewer than k + 1 rows.
NoveltyModel fit_novelty(const Tensor& x, const NoveltyOptions& options = {});

}  // namespace likewise
