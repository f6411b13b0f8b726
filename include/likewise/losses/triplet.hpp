#pragma once
// Losses on distances: triplets with mining, and the contrastive margin.

#include <string>

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct TripletOptions {
  std::string mining = "semihard";
  double margin = 0.2;
  bool soft = false;
  bool squared = true;
  bool normalize = true;
  bool mean_of_all = false;
  template <class V>
  void fields(V& v) {
    v("mining", mining,
      "which triplets of a batch count: all of them; batch_hard: farthest positive and nearest "
      "negative of each anchor; semihard: negatives beyond the positive but within the margin; "
      "facenet: for each pair the nearest such negative",
      choices({"all", "batch_hard", "semihard", "facenet"}));
    v("margin", margin, "negatives shall be farther than positives by this", range(0, 1e6));
    v("soft", soft, "softplus of the difference instead of the hinge with a margin");
    v("squared", squared, "squared Euclidean distances, as in FaceNet");
    v("normalize", normalize, "embeddings on the unit sphere");
    v("mean_of_all", mean_of_all,
      "mean over all chosen triplets; else over those that are not yet satisfied");
  }
};

// Mean over the chosen triplets (a, p, n), p of a's label and n of another, of
//   max(0, d(a, p) - d(a, n) + margin)     or, soft: log(1 + exp(d(a, p) - d(a, n)))
// d = |x - y| or its square. z [N, D], labels int64 [N], below 0: no positives, a negative to all.
// 0 when there is no triplet. The gradient of a distance is 0 where it is 0. `all` takes
// O(N^2 K) memory with K the largest class. Facenet: if no negative lies beyond the positive, the
// farthest there is.
// Sources: Schroff et al., "FaceNet", CVPR 2015, equation 3 and section 3.2; Hermans et al., "In
// defense of the triplet loss for person re-identification", 2017 (batch hard, soft margin, the
// mean over violated triplets).
Tensor triplet(const Tensor& z, const Tensor& labels, const TripletOptions& options = {});

// The classical form with given triplets, row by row: the mean of the hinge over all rows.
// anchor, positive, negative [N, D].
Tensor triplet_hinge(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                     double margin, bool squared);

struct ContrastiveMarginOptions {
  double margin = 1;
  bool normalize = true;
  template <class V>
  void fields(V& v) {
    v("margin", margin, "pairs of different samples are pushed up to this distance", range(0, 1e6));
    v("normalize", normalize, "embeddings on the unit sphere");
  }
};

// Mean over all pairs i < j of  y d^2/2 + (1 - y) max(0, margin - d)^2/2,  y = 1 for equal labels.
// Source: Hadsell, Chopra, LeCun, "Dimensionality reduction by learning an invariant mapping", CVPR
// 2006, equation 4. z [N, D], labels int64 [N], below 0: equal to none.
Tensor contrastive_margin(const Tensor& z, const Tensor& labels,
                          const ContrastiveMarginOptions& options = {});

}  // namespace likewise
