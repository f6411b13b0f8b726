#include "likewise/views/geometry.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/image/resample.hpp"
#include "kernels/image/warp.hpp"
#include "likewise/base/error.hpp"
#include "views/image_tensor.hpp"

namespace likewise {
namespace {

void check_box(const char* view, const Tensor& x, int64_t top, int64_t left, int64_t height,
               int64_t width) {
  if (top < 0 || left < 0 || height < 1 || width < 1 || top + height > x.size(1) ||
      left + width > x.size(2)) {
    throw UserError("{}: the box of {} x {} at ({}, {}) does not lie in the image of {} x {}", view,
                    height, width, top, left, x.size(1), x.size(2));
  }
}

double radians(double degrees) { return degrees * std::numbers::pi / 180.0; }

kernels::SourceMap source_map(const AffineMap& map) {
  return {map.xx, map.xy, map.x0, map.yx, map.yy, map.y0};
}

}  // namespace

Tensor to_float(const Tensor& x) {
  const Tensor image = checked_image(x, "to_float", true);
  if (image.scalar_type() == at::kFloat) return image;
  Tensor result = new_image_like(image);
  kernels::to_float(image.data_ptr<uint8_t>(), pixels(result), image.numel());
  return result;
}

Tensor resized_crop(const Tensor& x, int64_t top, int64_t left, int64_t height, int64_t width,
                    int64_t out_height, int64_t out_width, Interpolation interpolation,
                    bool antialias) {
  const Tensor image = checked_image(x, "resized_crop", true);
  check_box("resized_crop", image, top, left, height, width);
  if (out_height < 1 || out_width < 1) {
    throw UserError("resized_crop: the output size is {} x {}; accepted is 1 x 1 and more",
                    out_height, out_width);
  }
  if (interpolation == Interpolation::nearest) {
    throw UserError("resized_crop: nearest is not accepted; bilinear and bicubic are");
  }
  const auto filter = interpolation == Interpolation::bicubic ? kernels::Filter::bicubic
                                                              : kernels::Filter::bilinear;
  Tensor result = new_image(image.size(0), out_height, out_width);
  const kernels::Box box{top, left, height, width};
  if (image.scalar_type() == at::kByte) {
    kernels::resample(image.data_ptr<uint8_t>(), shape_of(image), box, pixels(result), out_height,
                      out_width, filter, antialias);
  } else {
    kernels::resample(pixels(image), shape_of(image), box, pixels(result), out_height, out_width,
                      filter, antialias);
  }
  return result;
}

Tensor resize(const Tensor& x, int64_t out_height, int64_t out_width, Interpolation interpolation,
              bool antialias) {
  const Tensor image = checked_image(x, "resize", true);
  return resized_crop(image, 0, 0, image.size(1), image.size(2), out_height, out_width,
                      interpolation, antialias);
}

Tensor resize_shorter(const Tensor& x, int64_t size, Interpolation interpolation) {
  const Tensor image = checked_image(x, "resize_shorter", true);
  const int64_t shorter = std::min(image.size(1), image.size(2));
  return resize(image, size * image.size(1) / shorter, size * image.size(2) / shorter,
                interpolation);
}

Tensor centre_crop(const Tensor& x, int64_t height, int64_t width) {
  const Tensor image = checked_image(x, "centre_crop", true);
  const int64_t top = (image.size(1) - height) / 2, left = (image.size(2) - width) / 2;
  check_box("centre_crop", image, top, left, height, width);
  return image.narrow(1, top, height).narrow(2, left, width).contiguous();
}

Tensor pad_to_square(const Tensor& x, double fill) {
  const Tensor image = to_float(x);
  const int64_t height = image.size(1), width = image.size(2), side = std::max(height, width);
  if (height == width) return image;
  Tensor result = new_image(image.size(0), side, side);
  result.fill_(fill);
  result.narrow(1, (side - height) / 2, height).narrow(2, (side - width) / 2, width).copy_(image);
  return result;
}

Tensor flip_horizontal(const Tensor& x) {
  const Tensor image = checked_image(x, "flip_horizontal");
  Tensor result = new_image_like(image);
  kernels::flip_horizontal(pixels(image), shape_of(image), pixels(result));
  return result;
}

Tensor flip_vertical(const Tensor& x) {
  const Tensor image = checked_image(x, "flip_vertical");
  Tensor result = new_image_like(image);
  kernels::flip_vertical(pixels(image), shape_of(image), pixels(result));
  return result;
}

Tensor rotate90(const Tensor& x, int64_t quarters) {
  Tensor image = checked_image(x, "rotate90");
  for (int64_t turn = ((quarters % 4) + 4) % 4; turn > 0; --turn) {
    Tensor result = new_image(image.size(0), image.size(2), image.size(1));
    kernels::rotate90(pixels(image), shape_of(image), pixels(result));
    image = result;
  }
  return image;
}

AffineMap affine_map(double degrees, double translate_x, double translate_y, double scale,
                     double shear_x, double shear_y) {
  const double r = radians(degrees), a = radians(shear_x), b = radians(shear_y);
  const double m00 = scale * std::cos(r - b) / std::cos(b);
  const double m01 = scale * (-std::cos(r - b) * std::tan(a) / std::cos(b) - std::sin(r));
  const double m10 = scale * std::sin(r - b) / std::cos(b);
  const double m11 = scale * (-std::sin(r - b) * std::tan(a) / std::cos(b) + std::cos(r));
  const double determinant = m00 * m11 - m01 * m10;
  if (!(std::abs(determinant) > 1e-12)) {
    throw UserError("affine_map: scale {} and shears {}, {} flatten the image", scale, shear_x,
                    shear_y);
  }
  AffineMap map{m11 / determinant,  -m01 / determinant, 0.0,
                -m10 / determinant, m00 / determinant,  0.0};
  map.x0 = -(map.xx * translate_x + map.xy * translate_y);
  map.y0 = -(map.yx * translate_x + map.yy * translate_y);
  return map;
}

Tensor affine(const Tensor& x, const AffineMap& map, Interpolation interpolation, double fill,
              Border border) {
  const Tensor image = checked_image(x, "affine");
  Tensor result = new_image_like(image);
  const auto value = static_cast<float>(fill);
  if (interpolation == Interpolation::nearest) {
    kernels::warp_nearest(pixels(image), shape_of(image), source_map(map), value, pixels(result));
  } else if (interpolation == Interpolation::bilinear) {
    kernels::warp_bilinear(pixels(image), shape_of(image), source_map(map), value,
                           border == Border::squared_mask, pixels(result));
  } else {
    throw UserError("affine: bicubic is not accepted; nearest and bilinear are");
  }
  return result;
}

Tensor rotation(const Tensor& x, double degrees, double fill) {
  return affine(x, affine_map(-degrees, 0.0, 0.0, 1.0, 0.0, 0.0), Interpolation::bilinear, fill);
}

}  // namespace likewise
