#pragma once
// Instance normalisation and what follows it, fused.

#include "likewise/tensor.hpp"

namespace likewise::detail {

// For every sample n and channel c of x [N, B, H, W], channels-last, float32:
//   y = act((x - mean) / sqrt(var + 1e-5) weight + bias + residual)
// with mean and var (by H W) over the pixels of n and c. act: max(0, .) if `rectify`, which takes
// no residual. weight and bias [C], C <= B: channels beyond are taken to be zero and stay so.
// `removed` [C]: a bias of what made x, left out there because the mean takes it away; its gradient
// is zero, and what is not finite in it shows. `residual` as x, or undefined. The sums do not
// depend on the number of threads. Gradients of the gradient are libtorch's.
struct InstanceNormWeights {
  Tensor weight, bias, removed;
};
Tensor fused_instance_norm(const Tensor& x, const InstanceNormWeights& norm, bool rectify,
                           const Tensor& residual = {});

// The same by libtorch, any type: the definition.
Tensor plain_instance_norm(const Tensor& x, const InstanceNormWeights& norm, bool rectify,
                           const Tensor& residual = {});

}  // namespace likewise::detail
