#pragma once
// Elementary geometric views: where a pixel comes from. Deterministic, every parameter explicit.
// Images are [C, H, W], C = 1 or 3, float in [0, 1]; where it is said, uint8 in 0..255 as well.
// All throw UserError for another shape or type, or for parameters that make no sense.

#include <cstdint>

#include "likewise/tensor.hpp"

namespace likewise {

enum class Interpolation { nearest, bilinear, bicubic };

// uint8 -> float / 255; float stays as it is.
Tensor to_float(const Tensor& x);

// Cuts the box out and resizes it to [C, out_height, out_width]. x is float or uint8. Equals
// torchvision's `resized_crop` of float tensors: output i of m looks at (i + 1/2) n/m; with
// `antialias` the filter is stretched when shrinking. Bicubic results can leave [0, 1] slightly.
Tensor resized_crop(const Tensor& x, int64_t top, int64_t left, int64_t height, int64_t width,
                    int64_t out_height, int64_t out_width,
                    Interpolation interpolation = Interpolation::bilinear, bool antialias = true);

// The whole image to [C, out_height, out_width]. x is float or uint8.
Tensor resize(const Tensor& x, int64_t out_height, int64_t out_width,
              Interpolation interpolation = Interpolation::bilinear, bool antialias = true);

// The shorter side becomes `size`, the longer one floor(size longer / shorter).
Tensor resize_shorter(const Tensor& x, int64_t size,
                      Interpolation interpolation = Interpolation::bilinear);

// The middle [C, height, width]; x must be at least that large.
Tensor centre_crop(const Tensor& x, int64_t height, int64_t width);

// Adds equal margins of value `fill` to the shorter side until the image is square.
Tensor pad_to_square(const Tensor& x, double fill);

Tensor flip_horizontal(const Tensor& x);
Tensor flip_vertical(const Tensor& x);

// `quarters` quarter turns, counter-clockwise; [C, W, H] for an odd number.
Tensor rotate90(const Tensor& x, int64_t quarters);

// Where in the source an output pixel at (x, y) looks, in pixels from the image's centre
// ((W - 1)/2, (H - 1)/2), y downwards:  (xx x + xy y + x0, yx x + yy y + y0).
struct AffineMap {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;
};

// The map that turns the picture by `degrees` (clockwise on the screen), scales it, shears it by
// `shear_x`, `shear_y` degrees and moves it by pixels: the inverse of
//   scale [[cos(r - b)/cos b, -cos(r - b) tan a/cos b - sin r],
//          [sin(r - b)/cos b, -sin(r - b) tan a/cos b + cos r]] + (translate_x, translate_y),
// r the angle, a and b the shears: torchvision's `affine`.
AffineMap affine_map(double degrees, double translate_x, double translate_y, double scale,
                     double shear_x, double shear_y);

// How what lies outside the image joins it: with v the sample with zeros outside and m that of an
// image of ones, `blend` is v + (1 - m) fill; `squared_mask` is m (v - fill) + fill, what
// torchvision computes when it is given a fill (its border is darker than a true blend).
enum class Border { blend, squared_mask };

// Samples x (nearest or bilinear) at the map's places; [C, H, W] stays [C, H, W].
Tensor affine(const Tensor& x, const AffineMap& map,
              Interpolation interpolation = Interpolation::bilinear, double fill = 0.0,
              Border border = Border::blend);

// Turns the picture about its centre, counter-clockwise, keeping the size.
Tensor rotation(const Tensor& x, double degrees, double fill = 0.0);

}  // namespace likewise
