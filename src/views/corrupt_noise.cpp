// Noise of sensors and of transmission.
#include <cmath>

#include "views/canvas.hpp"

namespace likewise::detail {

namespace {

constexpr double kGaussian[] = {0.04, 0.06, 0.08, 0.09, 0.10};  // standard deviation
constexpr double kPhotons[] = {500, 250, 100, 75, 50};          // counts at white
constexpr double kImpulses[] = {0.01, 0.02, 0.03, 0.05, 0.07};  // share of values

// Small means by multiplying uniform numbers (Knuth), large ones as a rounded normal number.
double poisson(double mean, Rng& rng) {
  constexpr double kLarge = 50;
  if (mean <= 0) return 0;
  if (mean > kLarge) return std::fmax(0, std::round(mean + std::sqrt(mean) * rng.normal()));
  const double limit = std::exp(-mean);
  double product = rng.uniform(), count = 0;
  for (; product > limit; ++count) product *= rng.uniform();
  return count;
}

}  // namespace

void gaussian_noise(Canvas& image, int level, Rng& rng) {
  std::vector<float> noise(image.values.size());
  rng.fill_normal(noise.data(), static_cast<int64_t>(noise.size()));
  for (size_t i = 0; i < noise.size(); ++i) {
    image.values[i] += static_cast<float>(kGaussian[level]) * noise[i];
  }
}

void shot_noise(Canvas& image, int level, Rng& rng) {
  const double photons = kPhotons[level];
  for (float& value : image.values) {
    value = static_cast<float>(poisson(value * photons, rng) / photons);
  }
}

void impulse_noise(Canvas& image, int level, Rng& rng) {
  for (float& value : image.values) {
    const double draw = rng.uniform();
    if (draw < kImpulses[level]) value = draw < kImpulses[level] / 2 ? 0.0F : 1.0F;
  }
}

}  // namespace likewise::detail
