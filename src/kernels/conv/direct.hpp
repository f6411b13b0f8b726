#pragma once
// Convolutions as sums of products over shifted rows of pixels, one image at a time, from a copy
// with its border of zeros.

#include "kernels/conv/conv.hpp"
#include "kernels/conv/conv_ops.hpp"

namespace likewise::kernels::conv {

// Channels of the output that are computed: half a block where no more are wanted, the rest is
// zero.
int64_t computed(const ConvShape& shape);

// taps [kernel * kernel][in][computed].
void direct(const ConvShape& shape, const float* x, const float* taps, float* y,
            const ConvForEach& for_each, const Ops& ops);
// taps [kernel * kernel][out][in].
void direct_data(const ConvShape& shape, const float* dy, const float* taps, float* dx,
                 const ConvForEach& for_each, const Ops& ops);
// dw [kernel * kernel][in][computed]. `dy_source`: where the pixels of dy are, if not side by side.
void direct_weights(const ConvShape& shape, const float* x, const float* dy,
                    const ConvSource* dy_source, float* dw, const ConvForEach& for_each,
                    const Ops& ops);

}  // namespace likewise::kernels::conv
