#pragma once
// Weights from and to the layouts in which the kernels want them.

#include "kernels/aligned.hpp"
#include "kernels/conv/conv.hpp"
#include "kernels/conv/conv_ops.hpp"

namespace likewise::kernels::conv {

// [kernel * kernel][in][out].
LineFloats by_in(const ConvShape& shape, const ConvWeights& weights, const Ops& ops);
// [kernel * kernel][out][in].
LineFloats by_out(const ConvShape& shape, const ConvWeights& weights);
// From [kernel * kernel][in][out] to the layout of `weights`.
void from_by_in(const ConvShape& shape, const float* dw, const ConvWeights& layout, float* to,
                const Ops& ops);

}  // namespace likewise::kernels::conv
