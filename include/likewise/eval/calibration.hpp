#pragma once
// Temperature scaling: one number that makes a classifier's probabilities mean what they say.

#include "likewise/tensor.hpp"

namespace likewise {

// The temperature T that minimises the mean of -log softmax(logits / T)[label] on held-out rows.
// The loss is convex in 1 / T; Newton's method inside a shrinking bracket finds it to 1e-10.
// T lies in [0.01, 100]: 0.01 where every row is right (more certainty would cost nothing), 100
// where the logits are worse than none. Guo et al. 2017, arXiv 1706.04599. logits [N, K], labels
// int64 [N] in [0, K). UserError for no rows.
double fit_temperature(const Tensor& logits, const Tensor& labels);

// softmax(logits / T): double [N, K]. The prediction stays the same.
Tensor apply_temperature(const Tensor& logits, double temperature);

}  // namespace likewise
