#include "views/canvas.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace likewise::detail {

namespace {

int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  i = ((i % period) + period) % period;
  return i < n ? i : period - i;
}

int64_t repeated(int64_t i, int64_t n) { return std::clamp<int64_t>(i, 0, n - 1); }

}  // namespace

float sample(const Canvas& image, int64_t c, double y, double x, bool mirror) {
  const auto place = [mirror](int64_t i, int64_t n) {
    return mirror ? mirrored(i, n) : repeated(i, n);
  };
  const double top = std::floor(y), left = std::floor(x);
  const auto fy = static_cast<float>(y - top), fx = static_cast<float>(x - left);
  const int64_t y0 = place(static_cast<int64_t>(top), image.height);
  const int64_t y1 = place(static_cast<int64_t>(top) + 1, image.height);
  const int64_t x0 = place(static_cast<int64_t>(left), image.width);
  const int64_t x1 = place(static_cast<int64_t>(left) + 1, image.width);
  const float above = image.at(c, y0, x0) * (1 - fx) + image.at(c, y0, x1) * fx;
  const float below = image.at(c, y1, x0) * (1 - fx) + image.at(c, y1, x1) * fx;
  return above * (1 - fy) + below * fy;
}

Canvas filtered(const Canvas& image, const std::vector<double>& kernel, int64_t side) {
  Canvas out(image.channels, image.height, image.width);
  const int64_t reach = side / 2;
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t y = 0; y < image.height; ++y) {
      for (int64_t x = 0; x < image.width; ++x) {
        double sum = 0;
        for (int64_t i = 0; i < side; ++i) {
          const int64_t from = mirrored(y + i - reach, image.height);
          for (int64_t j = 0; j < side; ++j) {
            const double weight = kernel[static_cast<size_t>(i * side + j)];
            if (weight != 0)
              sum += weight * image.at(c, from, mirrored(x + j - reach, image.width));
          }
        }
        out.at(c, y, x) = static_cast<float>(sum);
      }
    }
  }
  return out;
}

Canvas gaussian(const Canvas& image, double sigma) {
  if (sigma <= 0) return image;
  const auto reach = static_cast<int64_t>(std::ceil(3 * sigma));
  std::vector<double> weights;
  double total = 0;
  for (int64_t k = -reach; k <= reach; ++k) {
    weights.push_back(std::exp(-0.5 * static_cast<double>(k * k) / (sigma * sigma)));
    total += weights.back();
  }
  for (double& weight : weights) weight /= total;
  Canvas rows(image.channels, image.height, image.width), out = rows;
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t y = 0; y < image.height; ++y) {
      for (int64_t x = 0; x < image.width; ++x) {
        double sum = 0;
        for (int64_t k = -reach; k <= reach; ++k) {
          sum += weights[static_cast<size_t>(k + reach)] *
                 image.at(c, y, mirrored(x + k, image.width));
        }
        rows.at(c, y, x) = static_cast<float>(sum);
      }
    }
    for (int64_t y = 0; y < image.height; ++y) {
      for (int64_t x = 0; x < image.width; ++x) {
        double sum = 0;
        for (int64_t k = -reach; k <= reach; ++k) {
          sum += weights[static_cast<size_t>(k + reach)] *
                 rows.at(c, mirrored(y + k, image.height), x);
        }
        out.at(c, y, x) = static_cast<float>(sum);
      }
    }
  }
  return out;
}

Canvas smeared(const Canvas& image, double radius, double sigma, double degrees) {
  const double angle = degrees * std::numbers::pi / 180;
  const auto length = static_cast<int64_t>(std::lround(2 * radius)) + 1;
  Canvas out(image.channels, image.height, image.width);
  double total = 0;
  for (int64_t k = 0; k < length; ++k) {
    const double distance = static_cast<double>(k);
    const double weight = std::exp(-0.5 * distance * distance / (sigma * sigma));
    total += weight;
    for (int64_t c = 0; c < image.channels; ++c) {
      for (int64_t y = 0; y < image.height; ++y) {
        for (int64_t x = 0; x < image.width; ++x) {
          out.at(c, y, x) += static_cast<float>(weight) *
                             sample(image, c, static_cast<double>(y) + distance * std::sin(angle),
                                    static_cast<double>(x) + distance * std::cos(angle), false);
        }
      }
    }
  }
  for (float& value : out.values) value /= static_cast<float>(total);
  return out;
}

Canvas zoomed(const Canvas& image, double factor) {
  Canvas out(image.channels, image.height, image.width);
  const double cy = 0.5 * static_cast<double>(image.height - 1);
  const double cx = 0.5 * static_cast<double>(image.width - 1);
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t y = 0; y < image.height; ++y) {
      for (int64_t x = 0; x < image.width; ++x) {
        out.at(c, y, x) = sample(image, c, cy + (static_cast<double>(y) - cy) / factor,
                                 cx + (static_cast<double>(x) - cx) / factor);
      }
    }
  }
  return out;
}

Canvas plasma(int64_t height, int64_t width, double decay, Rng& rng) {
  int64_t n = 2;
  while (n < std::max(height, width)) n *= 2;
  Canvas map(1, n, n);
  const auto wrap = [n](int64_t i) { return ((i % n) + n) % n; };
  double amplitude = 1;
  for (int64_t step = n; step >= 2; step /= 2, amplitude /= decay * decay) {
    const int64_t half = step / 2;
    const auto noise = [&] { return static_cast<float>(amplitude * rng.uniform(-1, 1)); };
    // Middles of squares from their corners, then middles of edges from what lies around them.
    for (int64_t y = 0; y < n; y += step) {
      for (int64_t x = 0; x < n; x += step) {
        map.at(0, y + half, x + half) =
            0.25F * (map.at(0, y, x) + map.at(0, wrap(y + step), x) + map.at(0, y, wrap(x + step)) +
                     map.at(0, wrap(y + step), wrap(x + step))) +
            noise();
      }
    }
    for (int64_t y = 0; y < n; y += half) {
      for (int64_t x = (y / half) % 2 == 0 ? half : 0; x < n; x += step) {
        map.at(0, y, x) = 0.25F * (map.at(0, wrap(y - half), x) + map.at(0, wrap(y + half), x) +
                                   map.at(0, y, wrap(x - half)) + map.at(0, y, wrap(x + half))) +
                          noise();
      }
    }
  }
  Canvas out(1, height, width);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) out.at(0, y, x) = map.at(0, y, x);
  }
  const auto [low, high] = std::minmax_element(map.values.begin(), map.values.end());
  const float least = *low, range = std::max(*high - *low, 1e-12F);
  for (float& value : out.values) value = (value - least) / range;
  return out;
}

}  // namespace likewise::detail
