#pragma once
// Convolutions by our own kernels where they are faster than libtorch's.

#include "likewise/tensor.hpp"

namespace likewise::detail {

struct ConvGeometry {
  int64_t stride = 1, padding = 0;
};

// Whether our kernels take these and are faster: a rule by shape and instruction set, so that equal
// inputs take the same path always. x [N, C, H, W] channels-last, weight [O, C, K, K], both float
// on the processor.
bool has_own_conv(const Tensor& x, const Tensor& weight, const ConvGeometry& geometry);

// conv2d without bias by our kernels, which must support the shape. Its gradients are ours too
// where that is faster, or, if asked for every part, where the kernels support the shape; else, and
// for second derivatives, libtorch's.
Tensor own_conv(const Tensor& x, const Tensor& weight, const ConvGeometry& geometry,
                bool every_part = false);

}  // namespace likewise::detail
