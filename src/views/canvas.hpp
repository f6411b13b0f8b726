#pragma once
// A planar float image with the few operations that corruptions are made of.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "likewise/base/random.hpp"

namespace likewise::detail {

struct Canvas {
  int64_t channels = 1, height = 1, width = 1;
  std::vector<float> values;  // [C, H, W]

  Canvas() = default;
  Canvas(int64_t c, int64_t h, int64_t w, float value = 0)
      : channels(c), height(h), width(w), values(static_cast<size_t>(c * h * w), value) {}

  float* plane(int64_t c) { return values.data() + c * height * width; }
  const float* plane(int64_t c) const { return values.data() + c * height * width; }
  float& at(int64_t c, int64_t y, int64_t x) { return plane(c)[y * width + x]; }
  float at(int64_t c, int64_t y, int64_t x) const { return plane(c)[y * width + x]; }
  int64_t side() const { return height < width ? height : width; }
  // Pixels that a pixel of a 32-pixel image corresponds to.
  double scale() const { return static_cast<double>(side()) / 32; }
};

// Bilinear value at any place; beyond the edge the image is mirrored (the edge pixel not repeated),
// or with `mirror` false the edge is repeated.
float sample(const Canvas& image, int64_t c, double y, double x, bool mirror = true);

// A cross-correlation with a square kernel of odd side, mirrored at the edge.
Canvas filtered(const Canvas& image, const std::vector<double>& kernel, int64_t side);

// Separable Gaussian over three deviations to both sides. sigma <= 0: unchanged.
Canvas gaussian(const Canvas& image, double sigma);

// The mean along a ray: half a Gaussian of deviation `sigma`, cut at 2 `radius`, the edge repeated.
Canvas smeared(const Canvas& image, double radius, double sigma, double degrees);

// The middle, enlarged `factor` times to the size of the whole.
Canvas zoomed(const Canvas& image, double factor);

// A cloudy height map in [0, 1] by the diamond-square rule on a torus; noise falls by decay^2 a
// level.
Canvas plasma(int64_t height, int64_t width, double decay, Rng& rng);

// One of the fifteen; level 0 to 4. Results may leave [0, 1].
void gaussian_noise(Canvas& image, int level, Rng& rng);
void shot_noise(Canvas& image, int level, Rng& rng);
void impulse_noise(Canvas& image, int level, Rng& rng);
void defocus_blur(Canvas& image, int level, Rng& rng);
void glass_blur(Canvas& image, int level, Rng& rng);
void motion_blur(Canvas& image, int level, Rng& rng);
void zoom_blur(Canvas& image, int level, Rng& rng);
void snow(Canvas& image, int level, Rng& rng);
void frost(Canvas& image, int level, Rng& rng);
void fog(Canvas& image, int level, Rng& rng);
void brighter(Canvas& image, int level, Rng& rng);
void less_contrast(Canvas& image, int level, Rng& rng);
void elastic(Canvas& image, int level, Rng& rng);
void pixelate(Canvas& image, int level, Rng& rng);
void jpeg_compression(Canvas& image, int level, Rng& rng);

}  // namespace likewise::detail
