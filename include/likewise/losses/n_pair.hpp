#pragma once
// The N-pair loss: one positive against the positives of all other pairs.

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct NPairOptions {
  double l2_weight = 0.002;
  bool normalize = false;
  double temperature = 1;
  template <class V>
  void fields(V& v) {
    v("l2_weight", l2_weight, "weight of the mean squared length of the embeddings", range(0, 1e6));
    v("normalize", normalize, "compare directions; the paper takes inner products as they are");
    v("temperature", temperature, "inner products are divided by it (paper 1)", range(1e-3, 1e3));
  }
};

// L = 1/N sum_i log(1 + sum_{j != i} exp((a_i . p_j - a_i . p_i) / temperature))
//     + l2_weight mean over the 2N rows of |row|^2
// that is the cross-entropy of the logits A P^T with target i. anchor, positive [N, D]: N pairs of
// N different classes. O(N D) memory.
// Source: Sohn, "Improved deep metric learning with multi-class N-pair loss objective", NeurIPS
// 2016, equation 7.
Tensor n_pair(const Tensor& anchor, const Tensor& positive, const NPairOptions& options = {});

}  // namespace likewise
