#pragma once
// SwAV: codes by optimal transport, and their prediction from the other views.

#include <vector>

#include "likewise/tensor.hpp"

namespace likewise {

// Codes: the matrix nearest to exp(scores / epsilon) whose rows sum to 1 and whose columns share the
// batch alike, approached by `iterations` rounds of dividing columns, then rows, by their sums.
// scores [N, K] -> [N, K], without gradient. Rows sum to 1 exactly, columns to N/K in the limit. The
// largest score is taken out first, so no epsilon overflows.
// Source: Cuturi, NeurIPS 2013; Caron et al., "SwAV", NeurIPS 2020, section 3.1 (3 iterations, 0.05).
Tensor sinkhorn(const Tensor& scores, double epsilon = 0.05, int64_t iterations = 3);

struct SwavOptions {
  double temperature = 0.1;
  double epsilon = 0.05;
  int64_t iterations = 3;
};

// Mean over the two large views i of the mean over all other views v of
//   -sum_k q_ik log softmax_k(scores_v / temperature),   q_i = sinkhorn(scores_i [and queued ones])
// scores: one [N, K] a view, the two large ones first (cosines with prototypes). queued: none, or
// two [Q, K]: scores of queued features of each large view that take part in the codes only.
Tensor swav(const std::vector<Tensor>& scores, const SwavOptions& options,
            const std::vector<Tensor>& queued = {});

}  // namespace likewise
