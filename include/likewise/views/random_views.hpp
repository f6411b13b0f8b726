#pragma once
// Random image views: draw parameters from the stream, then apply an elementary view. All take
// float [C, H, W] in [0, 1]; random_resized_crop, crop_square and pad_square take uint8 as well and
// give float. The functions that make them check their parameters and throw UserError.

#include <cstdint>

#include "likewise/views/geometry.hpp"
#include "likewise/views/view.hpp"

namespace likewise {

using CropBox = PixelBox;

// A box with area uniform in [area_low, area_high] of the image and log-uniform aspect ratio
// width / height in [ratio_low, ratio_high], uniformly placed: ten tries to fit one, then the
// largest central box with the nearest allowed ratio (as torchvision; Szegedy et al. 2015).
CropBox draw_crop(int64_t height, int64_t width, double area_low, double area_high,
                  double ratio_low, double ratio_high, Rng& rng);

// draw_crop resized to [C, size, size], antialiased, clamped to [0, 1]. Ratio 3/4 to 4/3.
View random_resized_crop(int64_t size, double area_low, double area_high,
                         Interpolation interpolation = Interpolation::bilinear);

// Not random: the middle square with `part` of the shorter side as its side, resized to
// [C, size, size].
View crop_square(int64_t size, double part = 1.0);

// Not random: the whole image, padded to a square with `fill`, resized to [C, size, size].
View pad_square(int64_t size, double fill);

View random_flip(double probability);  // left-right

// Chen et al. 2020 (SimCLR), appendix A: with `probability`, brightness, contrast and saturation
// factors uniform in [max(0, 1 - s), 1 + s] and a hue turn uniform in [-hue, hue], in random order.
struct JitterStrength {
  double brightness = 0.8, contrast = 0.8, saturation = 0.8, hue = 0.2;
};
View colour_jitter(double probability, const JitterStrength& strength);

View random_gray(double probability);

// Gaussian blur with sigma uniform in the given range. kernel 0: 10 % of the height, odd, from 3.
View random_blur(double probability, double sigma_low = 0.1, double sigma_high = 2.0,
                 int64_t kernel = 0);

View random_solarize(double probability, double threshold = 0.5);

// A random AffineMap  [[c sx, -s sy + h], [s sx, c sy]]  with angle uniform in +-degrees, log sx
// and log sy uniform in +-log_scale, h in +-shear, and a shift uniform in +-translate of each side.
struct AffineStrength {
  double degrees = 0.0, log_scale = 0.0, shear = 0.0, translate = 0.0;
};
View random_affine(const AffineStrength& strength, double fill = 0.0);

// With `probability` one of five with equal chance: nothing, thicker, thinner, outline, box blur.
// `dark_strokes` says that strokes are dark on bright ground.
View random_stroke(double probability, bool dark_strokes = false);

View random_gamma(double log_strength);  // exponent e^u, u uniform in +-log_strength
View random_noise(double sigma_high);    // sigma uniform in [0, sigma_high]; not clamped

// With `probability` a square of `side` (part of the shorter side) at a uniform place becomes
// `value` (DeVries and Taylor 2017, but wholly inside the image).
View cut_out(double probability, double side, double value = 0.5);

}  // namespace likewise
