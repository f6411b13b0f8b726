#pragma once
// relu(batch_norm(x) + residual) in fused passes, for channels-last float or bf16 on the processor.

#include "likewise/tensor.hpp"

namespace likewise::detail {

struct NormRelu {
  Tensor weight, bias;               // float [C]
  Tensor running_mean, running_var;  // float [C], updated
  double momentum = 0.1, eps = 1e-5;
};

// Whether norm_relu takes these; if not, the plain operations do.
bool can_fuse_norm_relu(const NormRelu& norm, const Tensor& x, const Tensor& residual);

// Training mode: statistics of the batch. x [N, C, H, W]; residual of the same shape, or undefined.
// Has no second derivative.
Tensor norm_relu(const NormRelu& norm, const Tensor& x, const Tensor& residual);

}  // namespace likewise::detail
