#pragma once
// Separable blurs of planar float images.

#include "kernels/image/shape.hpp"

namespace likewise::kernels {

// Weights exp(-k^2 / (2 sigma^2)) for |k| <= kernel/2, normalised; beyond the edge the image is
// mirrored without repeating the edge pixel (repeatedly where it is smaller than the kernel).
// kernel is odd. `out` must not be `in`.
void gaussian_blur(const float* in, ImageShape shape, int64_t kernel, double sigma, float* out);

// Mean of the 3 x 3 neighbours; the edge is repeated. `out` must not be `in`.
void box_blur3(const float* in, ImageShape shape, float* out);

}  // namespace likewise::kernels
