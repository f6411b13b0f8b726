#pragma once
// Point operations on planar float images with values in [0, 1]. `out` may be `in`.

#include <cstdint>

#include "kernels/image/shape.hpp"

namespace likewise::kernels {

// Luma weights of ITU-R BT.601 to four digits, as torchvision has them (their sum is 0.9999).
inline constexpr float kRed = 0.2989F, kGreen = 0.587F, kBlue = 0.114F;

void brightness(const float* in, float* out, int64_t n, float factor);  // clamp(f x)
// clamp(f x + (1 - f) m), m the mean of the image's luma (of the image itself, one channel).
void contrast(const float* in, float* out, ImageShape shape, float factor);
// clamp(f x + (1 - f) luma). Three channels.
void saturation(const float* in, float* out, int64_t plane, float factor);
// Turns the hue by `turns` in [-1/2, 1/2] of the colour circle. Three channels.
void hue(const float* in, float* out, int64_t plane, float turns);
// The luma [H, W] of three channels.
void luma(const float* in, float* out, int64_t plane);

void solarize(const float* in, float* out, int64_t n, float threshold);  // x >= t ? 1 - x : x
void gamma(const float* in, float* out, int64_t n, float exponent);      // x^g, to 1e-5 relative
void scale_shift(const float* in, float* out, int64_t n, float scale, float shift);  // s x + t
double mean(const float* in, int64_t n);

}  // namespace likewise::kernels
