#pragma once
// Convolutions with few output channels, one image at a time, from a copy with a plane a channel.

#include "kernels/conv/conv.hpp"
#include "kernels/conv/conv_ops.hpp"

namespace likewise::kernels::conv {

constexpr int64_t kFew = 8;

// `in` in blocks of kBlock, `out` up to kFew, stride 1.
void few_out(const ConvShape& shape, const float* x, const ConvWeights& weights, float* y,
             const ConvForEach& for_each, const Ops& ops);

}  // namespace likewise::kernels::conv
