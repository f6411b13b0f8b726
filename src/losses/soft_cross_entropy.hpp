#pragma once
// Cross-entropy of logits against distributions: what clustering and distillation end in.

#include "likewise/tensor.hpp"

namespace likewise {

// -1/N sum_ik target_ik log softmax_k(scores_i / temperature). scores [N, K]; target [N, K] takes
// no gradient, its rows sum to anything. -> scalar, which can be differentiated once.
Tensor soft_cross_entropy(const Tensor& scores, const Tensor& target, double temperature);

}  // namespace likewise
