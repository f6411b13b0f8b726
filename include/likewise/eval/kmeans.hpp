#pragma once
// k-means: groups of features, each around its mean.

#include <cstdint>

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct KMeansOptions {
  int64_t clusters = 10;
  int64_t max_iterations = 100;
  int64_t restarts = 1;
  int64_t seed = 0;
  template <class V>
  void fields(V& v) {
    v("clusters", clusters, "clusters (cut to the number of rows)", range(1, 1e7));
    v("max_iterations", max_iterations, "rounds of Lloyd's algorithm at most", range(1, 1e6));
    v("restarts", restarts, "starts, of which the one of least inertia is kept", range(1, 1e4));
    v("seed", seed, "seed of the starting centres", range(0, 9e18));
  }
};

struct KMeansResult {
  Tensor centres;      // double [K, D]
  Tensor labels;       // int64 [N], the nearest centre, the lower index on a tie
  double inertia = 0;  // sum of squared distances to the own centre
  int64_t iterations = 0;
  bool converged = false;
};

// k-means++ starts (Arthur and Vassilvitskii 2007), then Lloyd's algorithm until no label changes.
// A cluster that runs empty moves to the row farthest from its centre. x [N, D], N >= 1.
KMeansResult kmeans(const Tensor& x, const KMeansOptions& options);

// Lloyd's algorithm from given centres [K, D].
KMeansResult kmeans_from(const Tensor& x, const Tensor& centres, int64_t max_iterations = 100);

}  // namespace likewise
