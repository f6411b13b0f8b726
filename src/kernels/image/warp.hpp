#pragma once
// Flips, right-angle turns and affine maps of planar float images.

#include <cstdint>

#include "kernels/image/shape.hpp"

namespace likewise::kernels {

void to_float(const uint8_t* in, float* out, int64_t n);  // in / 255

void flip_horizontal(const float* in, ImageShape shape, float* out);
void flip_vertical(const float* in, ImageShape shape, float* out);
// Quarter turn, counter-clockwise; out is [C, W, H].
void rotate90(const float* in, ImageShape shape, float* out);

// Where in the source an output pixel looks, in pixels relative to the image's centre:
// x' = xx x + xy y + x0,  y' = yx x + yy y + y0.
struct SourceMap {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;
};

// Bilinear sampling. Let v be the sample with zeros outside and m that of an image of ones; the
// output is v + (1 - m) fill, or m (v - fill) + fill when `square_mask` is set.
void warp_bilinear(const float* in, ImageShape shape, const SourceMap& map, float fill,
                   bool square_mask, float* out);
// The nearest pixel (ties to even), `fill` outside.
void warp_nearest(const float* in, ImageShape shape, const SourceMap& map, float fill, float* out);

}  // namespace likewise::kernels
