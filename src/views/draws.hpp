#pragma once
// What random views draw, apart from what they do with it, so that the elementary views and the
// fused one draw the same numbers in the same order.

#include <array>
#include <cmath>
#include <optional>

#include "likewise/views/geometry.hpp"
#include "likewise/views/random_views.hpp"
#include "likewise/views/recipes.hpp"

namespace likewise {

inline double draw_symmetric(Rng& rng, double strength) { return rng.uniform(-strength, strength); }

// What a training view looks at in an image of height x width pixels: a random crop, or all or the
// middle of it. The first draw of the view.
CropBox draw_looked_at(const ImageViewOptions& options, double crop_min, double crop_max,
                       int64_t height, int64_t width, Rng& rng);

// Of an image of height x width pixels.
AffineMap draw_affine(const AffineStrength& strength, int64_t height, int64_t width, Rng& rng);

// Factors of brightness, contrast and saturation, the turn of the hue, and the order of the four.
struct Jitter {
  std::array<double, 4> amount{};
  std::array<int, 4> order{};
};
std::optional<Jitter> draw_jitter(double probability, const JitterStrength& strength, Rng& rng);

// sigma; none: no blur. And the kernel of an image so high when none is given.
std::optional<double> draw_blur(double probability, double sigma_low, double sigma_high, Rng& rng);
inline int64_t blur_kernel(int64_t height) { return std::max(int64_t{3}, height / 10 / 2 * 2 + 1); }

enum class Stroke { same, thicker, thinner, outline, blurred };
Stroke draw_stroke(double probability, Rng& rng);

struct EraseBox {
  int64_t top = 0, left = 0, side = 0;
};
std::optional<EraseBox> draw_cut_out(double probability, double side, int64_t height, int64_t width,
                                     Rng& rng);

}  // namespace likewise
