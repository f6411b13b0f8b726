#pragma once
// y = x W^T + b with products of our own in float32 on the processor: as fast with any BLAS.

#include "likewise/tensor.hpp"

namespace likewise::detail {

// x [..., C], weight [O, C], bias [O] or undefined -> [..., O]. Differentiable any number of times;
// first derivatives are of the same products. Other types and devices, and traces, go to libtorch.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

}  // namespace likewise::detail
