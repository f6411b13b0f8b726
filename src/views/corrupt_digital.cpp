// Exposure, contrast, warping, resolution, compression.
#include <algorithm>
#include <cmath>

#include "likewise/formats/image.hpp"
#include "views/canvas.hpp"

namespace likewise::detail {

namespace {

constexpr double kBrighter[] = {0.05, 0.1, 0.15, 0.2, 0.3};
constexpr double kContrast[] = {0.75, 0.5, 0.4, 0.3, 0.15};
constexpr double kPixels[] = {0.95, 0.9, 0.85, 0.75, 0.65};  // part of the side that is left
constexpr int kQuality[] = {80, 65, 58, 50, 40};

// Parts of the side: how far pixels move, how smooth that is, how far three corners move.
struct Elastic {
  double move, smooth, corners;
};
constexpr Elastic kElastic[] = {
    {0, 0, 0.08}, {0.05, 0.2, 0.07}, {0.08, 0.06, 0.06}, {0.1, 0.04, 0.05}, {0.1, 0.03, 0.03}};

// Where the source of an output pixel lies, linear in the pixel: takes three points to three
// others.
struct Plane {
  double by_y = 0, by_x = 0, constant = 0;
  double at(double y, double x) const { return by_y * y + by_x * x + constant; }
};

// Points (c + s, c + s), (c + s, c - s), (c - s, c - s) as (y, x) take the given values.
Plane through(double cy, double cx, double s, const double (&value)[3]) {
  Plane plane;
  plane.by_x = (value[0] - value[1]) / (2 * s);
  plane.by_y = (value[1] - value[2]) / (2 * s);
  plane.constant = value[1] - plane.by_y * (cy + s) - plane.by_x * (cx - s);
  return plane;
}

Canvas random_field(const Canvas& like, double sigma, double size, Rng& rng) {
  Canvas field(1, like.height, like.width);
  for (float& value : field.values) value = static_cast<float>(rng.uniform(-1, 1));
  field = gaussian(field, sigma);
  for (float& value : field.values) value *= static_cast<float>(size);
  return field;
}

}  // namespace

// Adds to the value of HSV: the largest channel grows by so much, the others in proportion.
void brighter(Canvas& image, int level, Rng&) {
  const auto more = static_cast<float>(kBrighter[level]);
  for (int64_t i = 0; i < image.height * image.width; ++i) {
    float largest = 0;
    for (int64_t c = 0; c < image.channels; ++c) largest = std::max(largest, image.plane(c)[i]);
    const float wanted = std::min(1.0F, largest + more);
    for (int64_t c = 0; c < image.channels; ++c) {
      float& value = image.plane(c)[i];
      value = largest > 0 ? value * wanted / largest : wanted;
    }
  }
}

void less_contrast(Canvas& image, int level, Rng&) {
  const int64_t area = image.height * image.width;
  for (int64_t c = 0; c < image.channels; ++c) {
    double mean = 0;
    for (int64_t i = 0; i < area; ++i) mean += image.plane(c)[i];
    const auto middle = static_cast<float>(mean / static_cast<double>(area));
    for (int64_t i = 0; i < area; ++i) {
      float& value = image.plane(c)[i];
      value = (value - middle) * static_cast<float>(kContrast[level]) + middle;
    }
  }
}

void elastic(Canvas& image, int level, Rng& rng) {
  const auto side = static_cast<double>(image.side());
  const Elastic& e = kElastic[level];
  const double cy = 0.5 * static_cast<double>(image.height),
               cx = 0.5 * static_cast<double>(image.width);
  const double s = std::max(1.0, side / 3);
  const double corners[3][2] = {{cy + s, cx + s}, {cy + s, cx - s}, {cy - s, cx - s}};
  double to_y[3], to_x[3];
  for (int k = 0; k < 3; ++k) {
    to_y[k] = corners[k][0] + rng.uniform(-e.corners, e.corners) * side;
    to_x[k] = corners[k][1] + rng.uniform(-e.corners, e.corners) * side;
  }
  const Plane from_y = through(cy, cx, s, to_y), from_x = through(cy, cx, s, to_x);
  const Canvas dy = random_field(image, e.smooth * side, e.move * side, rng);
  const Canvas dx = random_field(image, e.smooth * side, e.move * side, rng);
  Canvas out(image.channels, image.height, image.width);
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      const double py = static_cast<double>(y) + dy.at(0, y, x);
      const double px = static_cast<double>(x) + dx.at(0, y, x);
      for (int64_t c = 0; c < image.channels; ++c) {
        out.at(c, y, x) = sample(image, c, from_y.at(py, px), from_x.at(py, px));
      }
    }
  }
  image = std::move(out);
}

// The mean over each of the larger pixels, then those pixels at the old size.
void pixelate(Canvas& image, int level, Rng&) {
  const auto fewer = [&](int64_t n) {
    return std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(n) * kPixels[level]));
  };
  const int64_t rows = fewer(image.height), columns = fewer(image.width);
  Canvas small(image.channels, rows, columns);
  // The part of source pixel i that lies in [low, high).
  const auto overlap = [](int64_t i, double low, double high) {
    const auto at = static_cast<double>(i);
    return std::max(0.0, std::min(high, at + 1) - std::max(low, at));
  };
  const double sy = static_cast<double>(image.height) / static_cast<double>(rows);
  const double sx = static_cast<double>(image.width) / static_cast<double>(columns);
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t r = 0; r < rows; ++r) {
      const double top = static_cast<double>(r) * sy, bottom = top + sy;
      for (int64_t q = 0; q < columns; ++q) {
        const double left = static_cast<double>(q) * sx, right = left + sx;
        double sum = 0;
        const auto last_y = std::min(image.height, static_cast<int64_t>(std::ceil(bottom)));
        const auto last_x = std::min(image.width, static_cast<int64_t>(std::ceil(right)));
        for (auto y = static_cast<int64_t>(top); y < last_y; ++y) {
          for (auto x = static_cast<int64_t>(left); x < last_x; ++x) {
            sum += overlap(y, top, bottom) * overlap(x, left, right) * image.at(c, y, x);
          }
        }
        small.at(c, r, q) = static_cast<float>(sum / (sy * sx));
      }
    }
    for (int64_t y = 0; y < image.height; ++y) {
      const auto r = std::min(rows - 1, static_cast<int64_t>((static_cast<double>(y) + 0.5) / sy));
      for (int64_t x = 0; x < image.width; ++x) {
        const auto q =
            std::min(columns - 1, static_cast<int64_t>((static_cast<double>(x) + 0.5) / sx));
        image.at(c, y, x) = small.at(c, r, q);
      }
    }
  }
}

void jpeg_compression(Canvas& image, int level, Rng&) {
  const int64_t area = image.height * image.width;
  Image bytes{image.height, image.width, image.channels, {}};
  bytes.pixels.resize(image.values.size());
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t i = 0; i < area; ++i) {
      bytes.pixels[static_cast<size_t>(i * image.channels + c)] =
          static_cast<uint8_t>(std::lround(255 * std::clamp(image.plane(c)[i], 0.0F, 1.0F)));
    }
  }
  const Image back = decode_image(encode_jpeg(bytes, kQuality[level]), "a corrupted image");
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t i = 0; i < area; ++i) {
      image.plane(c)[i] =
          static_cast<float>(
              back.pixels[static_cast<size_t>(i * back.channels + c % back.channels)]) /
          255;
    }
  }
}

}  // namespace likewise::detail
