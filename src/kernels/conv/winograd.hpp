#pragma once
// 3 x 3 convolutions with stride 1 over tiles of 4 x 4 pixels.

#include "kernels/conv/conv.hpp"
#include "kernels/conv/conv_ops.hpp"

namespace likewise::kernels::conv {

// Pixels [batch, height, width, channels] before padding; channels that are looked at, 0: all;
// where the pixels are, if not side by side.
struct Image {
  int64_t batch, height, width, channels, used = 0;
  const ConvSource* source = nullptr;
};

// y [batch, height', width', out] of x and taps [9][in][out]; height' = height + 2 padding - 2.
void winograd(const Image& x, const float* pixels, int64_t padding, const float* taps, int64_t out,
              float* y, const ConvForEach& for_each, const Ops& ops);

// dw [9][in][out] = the gradient by the taps.
void winograd_weights(const Image& x, const float* pixels, int64_t padding, const float* dy,
                      int64_t out, float* dw, const ConvForEach& for_each, const Ops& ops);

}  // namespace likewise::kernels::conv
