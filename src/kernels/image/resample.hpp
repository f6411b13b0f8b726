#pragma once
// Crop and resize in one pass over the crop.

#include <cstdint>

#include "kernels/image/shape.hpp"

namespace likewise::kernels {

enum class Filter { bilinear, bicubic };

// A rectangle of whole pixels inside the image.
struct Box {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

// out[c, i, j] = sum over pixels (y, x) of the box of wy(i, y) wx(j, x) in[c, y, x].
// Output i of m looks at (i + 1/2) n/m. With antialias the filter is stretched by max(n/m, 1),
// pixels outside the box are left out and the weights normalised; without it they repeat the edge.
// The cubic has a = -1/2 with antialias and -3/4 without, as in PIL and torch.
// 8-bit input is divided by 255. out is [channels, out_height, out_width].
template <class T>  // float or uint8_t
void resample(const T* in, ImageShape shape, Box box, float* out, int64_t out_height,
              int64_t out_width, Filter filter, bool antialias);

}  // namespace likewise::kernels
