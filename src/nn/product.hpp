#pragma once
// Matrix products with the same speed whichever BLAS is installed.

#include "likewise/tensor.hpp"

namespace likewise::detail {

// a b for matrices [m, k] and [k, n] of one type, whether they lie by rows or by columns. float32
// and float64 on the processor: the kernels' product, with equal digits for any number of threads
// and any BLAS; otherwise libtorch's. No gradient is recorded.
Tensor mm(const Tensor& a, const Tensor& b);

// The same into `out`, or added to it; float32 on the processor only, out contiguous.
void mm_into(const Tensor& a, const Tensor& b, const Tensor& out, bool add);

// Products of N x H pairs of matrices, a [N, H, m, k] and b [N, H, k, n] -> [N, H, m, n], of the
// same kind. Differentiable any number of times.
Tensor batched_product(const Tensor& a, const Tensor& b);

}  // namespace likewise::detail
