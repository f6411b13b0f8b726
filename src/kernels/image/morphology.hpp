#pragma once
// Largest and smallest value of the 3 x 3 neighbours: bright strokes grow or shrink by a pixel.

#include "kernels/image/shape.hpp"

namespace likewise::kernels {

// Pixels outside the image do not take part. `out` must not be `in`.
void dilate3(const float* in, ImageShape shape, float* out);
void erode3(const float* in, ImageShape shape, float* out);

}  // namespace likewise::kernels
