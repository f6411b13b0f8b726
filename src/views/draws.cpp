#include "views/draws.hpp"

#include <algorithm>

namespace likewise {

CropBox draw_looked_at(const ImageViewOptions& options, double crop_min, double crop_max,
                       int64_t height, int64_t width, Rng& rng) {
  if (crop_min < 1.0) {
    return draw_crop(height, width, crop_min, crop_max, 3.0 / 4.0, 4.0 / 3.0, rng);
  }
  if (options.fit == "pad") return {0, 0, height, width};
  const int64_t side = std::min(height, width);
  return {(height - side) / 2, (width - side) / 2, side, side};
}

AffineMap draw_affine(const AffineStrength& strength, int64_t height, int64_t width, Rng& rng) {
  const double angle = draw_symmetric(rng, strength.degrees) * std::acos(-1.0) / 180.0;
  const double sx = std::exp(draw_symmetric(rng, strength.log_scale));
  const double sy = std::exp(draw_symmetric(rng, strength.log_scale));
  const double shear = draw_symmetric(rng, strength.shear);
  const double x0 = draw_symmetric(rng, strength.translate) * static_cast<double>(width);
  const double y0 = draw_symmetric(rng, strength.translate) * static_cast<double>(height);
  const double c = std::cos(angle), s = std::sin(angle);
  return {c * sx, -s * sy + shear, x0, s * sx, c * sy, y0};
}

std::optional<Jitter> draw_jitter(double probability, const JitterStrength& strength, Rng& rng) {
  if (!rng.chance(probability)) return {};
  const auto factor = [&rng](double s) { return rng.uniform(std::max(0.0, 1.0 - s), 1.0 + s); };
  // Everything is drawn before it is used, so that the order does not change the values.
  Jitter jitter;
  jitter.amount[0] = factor(strength.brightness);
  jitter.amount[1] = factor(strength.contrast);
  jitter.amount[2] = factor(strength.saturation);
  jitter.amount[3] = draw_symmetric(rng, strength.hue);
  const auto order = rng.permutation(4);
  std::transform(order.begin(), order.end(), jitter.order.begin(),
                 [](int64_t step) { return static_cast<int>(step); });
  return jitter;
}

std::optional<double> draw_blur(double probability, double sigma_low, double sigma_high, Rng& rng) {
  if (!rng.chance(probability)) return {};
  return rng.uniform(sigma_low, sigma_high);
}

Stroke draw_stroke(double probability, Rng& rng) {
  const bool drawn = rng.chance(probability);
  const int64_t which = rng.below(5);
  return drawn ? static_cast<Stroke>(which) : Stroke::same;
}

std::optional<EraseBox> draw_cut_out(double probability, double side, int64_t height, int64_t width,
                                     Rng& rng) {
  if (!rng.chance(probability)) return {};
  const auto n =
      static_cast<int64_t>(std::lround(side * static_cast<double>(std::min(height, width))));
  const int64_t top = rng.below(height - n + 1);
  return EraseBox{top, rng.below(width - n + 1), n};
}

}  // namespace likewise
