// Blurs: out of focus, behind glass, moving, zooming.
#include <algorithm>
#include <cmath>

#include "views/canvas.hpp"

namespace likewise::detail {

namespace {

struct Disk {
  double radius, softness;
};
constexpr Disk kDefocus[] = {{0.3, 0.4}, {0.4, 0.5}, {0.5, 0.6}, {1, 0.2}, {1.5, 0.1}};

struct Glass {
  double sigma, reach;
  int rounds;
};
constexpr Glass kGlass[] = {{0.05, 1, 1}, {0.25, 1, 1}, {0.4, 1, 1}, {0.25, 1, 2}, {0.4, 1, 2}};

struct Motion {
  double radius, sigma;
};
constexpr Motion kMotion[] = {{6, 1}, {6, 1.5}, {6, 2}, {8, 2}, {9, 2.5}};

constexpr int kZoomSteps[] = {5, 10, 15, 20, 25};  // of a hundredth each

// A disk whose edge is softened by a Gaussian over 3 x 3 pixels (5 x 5 for large ones).
std::vector<double> disk_kernel(const Disk& disk, double scale, int64_t* side) {
  const double radius = disk.radius * scale;
  const int64_t soft = radius > 8 ? 2 : 1;
  const auto reach = static_cast<int64_t>(std::floor(radius)) + soft;
  *side = 2 * reach + 1;
  std::vector<double> out(static_cast<size_t>(*side * *side));
  double total = 0;
  for (int64_t y = -reach; y <= reach; ++y) {
    for (int64_t x = -reach; x <= reach; ++x) {
      double sum = 0;
      for (int64_t dy = -soft; dy <= soft; ++dy) {
        for (int64_t dx = -soft; dx <= soft; ++dx) {
          const auto ty = static_cast<double>(y + dy), tx = static_cast<double>(x + dx);
          if (ty * ty + tx * tx > radius * radius) continue;
          sum += std::exp(-0.5 * static_cast<double>(dy * dy + dx * dx) /
                          (disk.softness * disk.softness));
        }
      }
      out[static_cast<size_t>((y + reach) * *side + x + reach)] = sum;
      total += sum;
    }
  }
  for (double& weight : out) weight /= total;
  return out;
}

}  // namespace

void defocus_blur(Canvas& image, int level, Rng&) {
  int64_t side = 0;
  const std::vector<double> kernel = disk_kernel(kDefocus[level], image.scale(), &side);
  image = filtered(image, kernel, side);
}

void glass_blur(Canvas& image, int level, Rng& rng) {
  const Glass& glass = kGlass[level];
  const double sigma = glass.sigma * image.scale();
  image = gaussian(image, sigma);
  const auto reach = std::max<int64_t>(1, std::lround(glass.reach * image.scale()));
  for (int round = 0; round < glass.rounds; ++round) {
    for (int64_t y = image.height - reach - 1; y >= reach; --y) {
      for (int64_t x = image.width - reach - 1; x >= reach; --x) {
        const int64_t dx = rng.below(2 * reach) - reach, dy = rng.below(2 * reach) - reach;
        for (int64_t c = 0; c < image.channels; ++c) {
          std::swap(image.at(c, y, x), image.at(c, y + dy, x + dx));
        }
      }
    }
  }
  image = gaussian(image, sigma);
}

void motion_blur(Canvas& image, int level, Rng& rng) {
  const double scale = image.scale();
  image = smeared(image, kMotion[level].radius * scale, kMotion[level].sigma * scale,
                  rng.uniform(-45, 45));
}

void zoom_blur(Canvas& image, int level, Rng&) {
  const int steps = kZoomSteps[level];
  Canvas sum = image;
  for (int k = 0; k <= steps; ++k) {
    const Canvas nearer = zoomed(image, 1 + 0.01 * k);
    for (size_t i = 0; i < sum.values.size(); ++i) sum.values[i] += nearer.values[i];
  }
  for (float& value : sum.values) value /= static_cast<float>(steps + 2);
  image = std::move(sum);
}

}  // namespace likewise::detail
