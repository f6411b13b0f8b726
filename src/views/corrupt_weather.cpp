// Snow, frost, fog.
#include <algorithm>
#include <cmath>

#include "views/canvas.hpp"

namespace likewise::detail {

namespace {

// Flakes: mean and deviation of the layer, its enlargement, what is kept of it, length and softness
// of the fall, and how much of the picture shows through the white.
struct Snow {
  double mean, deviation, zoom, threshold, radius, sigma, clear;
};
constexpr Snow kSnow[] = {{0.1, 0.2, 1, 0.6, 8, 3, 0.95},
                          {0.1, 0.2, 1, 0.5, 10, 4, 0.9},
                          {0.15, 0.3, 1.75, 0.55, 10, 4, 0.9},
                          {0.25, 0.3, 2.25, 0.6, 12, 6, 0.85},
                          {0.3, 0.3, 1.25, 0.65, 14, 12, 0.8}};

struct Frost {
  double picture, ice;
};
constexpr Frost kFrost[] = {{1, 0.2}, {1, 0.3}, {0.9, 0.4}, {0.85, 0.4}, {0.75, 0.45}};

struct Fog {
  double density, decay;
};
constexpr Fog kFog[] = {{0.2, 3}, {0.5, 3}, {0.75, 2.5}, {1, 2}, {1.5, 1.75}};

float grey(const Canvas& image, int64_t y, int64_t x) {
  if (image.channels == 1) return image.at(0, y, x);
  return 0.299F * image.at(0, y, x) + 0.587F * image.at(1, y, x) + 0.114F * image.at(2, y, x);
}

}  // namespace

void snow(Canvas& image, int level, Rng& rng) {
  const Snow& s = kSnow[level];
  Canvas layer(1, image.height, image.width);
  for (float& value : layer.values) {
    value = static_cast<float>(s.mean + s.deviation * rng.normal());
  }
  layer = zoomed(layer, s.zoom);
  for (float& value : layer.values) {
    value = value < s.threshold ? 0.0F : std::clamp(value, 0.0F, 1.0F);
  }
  layer = smeared(layer, s.radius * image.scale(), s.sigma * image.scale(), rng.uniform(-135, -45));
  const auto clear = static_cast<float>(s.clear);
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      const float white = grey(image, y, x) * 1.5F + 0.5F;
      const float flakes =
          layer.at(0, y, x) + layer.at(0, image.height - 1 - y, image.width - 1 - x);
      for (int64_t c = 0; c < image.channels; ++c) {
        float& value = image.at(c, y, x);
        value = clear * value + (1 - clear) * std::max(value, white) + flakes;
      }
    }
  }
}

void frost(Canvas& image, int level, Rng& rng) {
  // Ridges of a rough cloud look like ferns of ice; a second one makes them patchy.
  const Canvas cloud = plasma(image.height, image.width, 1.3, rng);
  const Canvas patches = plasma(image.height, image.width, 1.7, rng);
  constexpr float kTint[] = {0.90F, 0.96F, 1.0F};
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      const float ridge = 1 - std::abs(2 * cloud.at(0, y, x) - 1);
      const float ice = std::clamp(0.25F + 0.9F * ridge * patches.at(0, y, x), 0.0F, 1.0F);
      for (int64_t c = 0; c < image.channels; ++c) {
        float& value = image.at(c, y, x);
        value = static_cast<float>(kFrost[level].picture) * value +
                static_cast<float>(kFrost[level].ice) * ice * (image.channels == 3 ? kTint[c] : 1);
      }
    }
  }
}

void fog(Canvas& image, int level, Rng& rng) {
  const Canvas cloud = plasma(image.height, image.width, kFog[level].decay, rng);
  const auto density = static_cast<float>(kFog[level].density);
  const float brightest =
      std::max(1e-6F, *std::max_element(image.values.begin(), image.values.end()));
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t i = 0; i < image.height * image.width; ++i) {
      float& value = image.plane(c)[i];
      value = (value + density * cloud.values[static_cast<size_t>(i)]) * brightest /
              (brightest + density);
    }
  }
}

}  // namespace likewise::detail
