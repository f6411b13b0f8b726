#include "kernels/image/warp.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/vectorise.hpp"

LIKEWISE_VECTORISE_BEGIN

namespace likewise::kernels {

void to_float(const uint8_t* in, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]) / 255.0F;
}

void flip_horizontal(const float* in, ImageShape shape, float* out) {
  for (int64_t row = 0; row < shape.channels * shape.height; ++row) {
    std::reverse_copy(in + row * shape.width, in + (row + 1) * shape.width,
                      out + row * shape.width);
  }
}

void flip_vertical(const float* in, ImageShape shape, float* out) {
  for (int64_t c = 0; c < shape.channels; ++c) {
    for (int64_t y = 0; y < shape.height; ++y) {
      const float* row = in + (c * shape.height + y) * shape.width;
      std::copy(row, row + shape.width, out + ((c + 1) * shape.height - 1 - y) * shape.width);
    }
  }
}

void rotate90(const float* in, ImageShape shape, float* out) {
  for (int64_t c = 0; c < shape.channels; ++c) {
    const float* plane = in + c * shape.plane();
    float* turned = out + c * shape.plane();
    for (int64_t y = 0; y < shape.width; ++y) {
      for (int64_t x = 0; x < shape.height; ++x) {
        turned[y * shape.height + x] = plane[x * shape.width + (shape.width - 1 - y)];
      }
    }
  }
}

namespace {

// Calls visit(output index, source x, source y) for every output pixel. The coordinates are not
// accumulated along the row, so the error does not grow with the width.
template <class Visit>
void for_each_source(ImageShape shape, const SourceMap& map, Visit visit) {
  const double centre_x = 0.5 * static_cast<double>(shape.width - 1);
  const double centre_y = 0.5 * static_cast<double>(shape.height - 1);
  for (int64_t j = 0; j < shape.height; ++j) {
    const double y = static_cast<double>(j) - centre_y;
    const double row_x = map.xy * y + map.x0 + centre_x;
    const double row_y = map.yy * y + map.y0 + centre_y;
    for (int64_t i = 0; i < shape.width; ++i) {
      const double x = static_cast<double>(i) - centre_x;
      visit(j * shape.width + i, map.xx * x + row_x, map.yx * x + row_y);
    }
  }
}

}  // namespace

void warp_bilinear(const float* in, ImageShape shape, const SourceMap& map, float fill,
                   bool square_mask, float* out) {
  const int64_t plane = shape.plane(), width = shape.width;
  const double right = static_cast<double>(shape.width), below = static_cast<double>(shape.height);
  for_each_source(shape, map, [&](int64_t at, double x, double y) {
    if (!(x > -1.0 && x < right && y > -1.0 && y < below)) {
      for (int64_t c = 0; c < shape.channels; ++c) out[c * plane + at] = fill;
      return;
    }
    const auto x0 = static_cast<int64_t>(x + 1.0) - 1;  // floor: x + 1 is positive
    const auto y0 = static_cast<int64_t>(y + 1.0) - 1;
    const auto u = static_cast<float>(x - static_cast<double>(x0));
    const auto v = static_cast<float>(y - static_cast<double>(y0));
    const float* corner = in + y0 * width + x0;
    if (x0 >= 0 && y0 >= 0 && x0 + 1 < width && y0 + 1 < shape.height) {
      for (int64_t c = 0; c < shape.channels; ++c) {
        const float* p = corner + c * plane;
        const float top = p[0] + u * (p[1] - p[0]);
        const float bottom = p[width] + u * (p[width + 1] - p[width]);
        out[c * plane + at] = top + v * (bottom - top);
      }
      return;
    }
    const bool has_left = x0 >= 0, has_right = x0 + 1 < width;
    const bool has_top = y0 >= 0, has_bottom = y0 + 1 < shape.height;
    const float w00 = has_left && has_top ? (1.0F - u) * (1.0F - v) : 0.0F;
    const float w01 = has_right && has_top ? u * (1.0F - v) : 0.0F;
    const float w10 = has_left && has_bottom ? (1.0F - u) * v : 0.0F;
    const float w11 = has_right && has_bottom ? u * v : 0.0F;
    const float mask = w00 + w01 + w10 + w11;
    for (int64_t c = 0; c < shape.channels; ++c) {
      const int64_t p = c * plane + y0 * width + x0;  // only pixels inside are read
      float value = 0.0F;
      if (w00 != 0.0F) value += w00 * in[p];
      if (w01 != 0.0F) value += w01 * in[p + 1];
      if (w10 != 0.0F) value += w10 * in[p + width];
      if (w11 != 0.0F) value += w11 * in[p + width + 1];
      out[c * plane + at] =
          square_mask ? mask * (value - fill) + fill : value + (1.0F - mask) * fill;
    }
  });
}

void warp_nearest(const float* in, ImageShape shape, const SourceMap& map, float fill, float* out) {
  const int64_t plane = shape.plane();
  const auto last_x = static_cast<double>(shape.width - 1);
  const auto last_y = static_cast<double>(shape.height - 1);
  for_each_source(shape, map, [&](int64_t at, double x, double y) {
    const double near_x = std::nearbyint(x), near_y = std::nearbyint(y);
    const bool inside = near_x >= 0.0 && near_y >= 0.0 && near_x <= last_x && near_y <= last_y;
    const int64_t from =
        inside ? static_cast<int64_t>(near_y) * shape.width + static_cast<int64_t>(near_x) : 0;
    for (int64_t c = 0; c < shape.channels; ++c) {
      out[c * plane + at] = inside ? in[c * plane + from] : fill;
    }
  });
}

}  // namespace likewise::kernels

LIKEWISE_VECTORISE_END
