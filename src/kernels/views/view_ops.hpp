#pragma once
// The heavy steps of a random view, one set an instruction set: what the elementary kernels of
// kernels/image do, but a block of the image at a time while it lies in the nearest cache. All
// images are planar float [C, H, W] unless stated; C is 1 or 3.

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/aligned.hpp"
#include "kernels/image/resample.hpp"
#include "kernels/image/warp.hpp"
#include "kernels/simd.hpp"

namespace likewise::kernels {

enum class Point { brightness, contrast, saturation, hue, gray, solarize, gamma, scale_shift };

// One point operation, as the function of that name in kernels/image/colour.hpp.
struct PointStep {
  Point kind{};
  float amount = 0;                         // factor, turns, threshold or exponent
  float shift = 0;                          // contrast: (1 - amount) times the mean luma
  std::array<float, 3> scales{}, shifts{};  // scale_shift: one a channel
};

// For each output of one axis: the first of `taps` source pixels, and the weights.
struct ViewAxis {
  int64_t taps = 0;
  std::vector<int32_t> first;  // [out]
  std::vector<float> weight;   // [taps, out]
  std::vector<double> total;   // [out]
};

// The same for vectors of outputs, which take their pixels out of a few vectors of the source.
struct ViewLanes {
  std::vector<int64_t> from;   // [vectors] first source pixel of each
  std::vector<int32_t> pixel;  // [taps, outputs] counted from there
  std::vector<float> weight;   // [taps, outputs]
};

// Memory that a thread keeps between views.
struct ViewScratch {
  ViewAxis vertical, horizontal;
  ViewLanes lanes;
  LineFloats rows, turned, columns, padded, line;
  std::vector<int32_t> at;
};

struct ViewOps {
  // kernels::resample with the antialiased bilinear filter, mirrored left to right if `flip`.
  void (*resample_bytes)(const uint8_t* in, ImageShape shape, Box box, bool flip, float* out,
                         int64_t out_height, int64_t out_width, ViewScratch& scratch);
  void (*resample_floats)(const float* in, ImageShape shape, Box box, bool flip, float* out,
                          int64_t out_height, int64_t out_width, ViewScratch& scratch);
  // out = the steps one after another; `out` may be `in`.
  void (*points)(const float* in, float* out, ImageShape shape, const PointStep* steps,
                 int64_t count);
  double (*mean_luma)(const float* in, ImageShape shape);  // what contrast turns around
  // kernels::gaussian_blur. `out` must not be `in`.
  void (*blur)(const float* in, ImageShape shape, int64_t kernel, double sigma, float* out,
               ViewScratch& scratch);
  // kernels::warp_bilinear without square_mask. `out` must not be `in`.
  void (*warp)(const float* in, ImageShape shape, const SourceMap& map, float fill, float* out,
               ViewScratch& scratch);
};

const ViewOps& view_ops(Simd simd = best_simd());  // of the best set up to `simd` that can run

}  // namespace likewise::kernels
