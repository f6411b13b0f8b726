#pragma once
// relu(max_pool2d(batch_norm(x), 2)) in fused passes, for channels-last floats on the processor.

#include "nn/norm_relu.hpp"

namespace likewise::detail {

// Whether norm_relu_pool takes these; if not, the plain operations do.
bool can_fuse_norm_relu_pool(const NormRelu& norm, const Tensor& x);

// Training mode: statistics of the batch. x [N, C, H, W] -> [N, C, H / 2, W / 2], rounded down.
// Has no second derivative.
Tensor norm_relu_pool(const NormRelu& norm, const Tensor& x);

}  // namespace likewise::detail
