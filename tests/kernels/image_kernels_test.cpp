// Image kernels against their definitions in double, over widths that leave every vector tail.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/image/blur.hpp"
#include "kernels/image/colour.hpp"
#include "kernels/image/resample.hpp"
#include "kernels/image/warp.hpp"
#include "likewise/base/random.hpp"

namespace likewise::kernels {
namespace {

std::vector<float> noise_image(uint64_t seed, ImageShape shape) {
  std::vector<float> x(static_cast<size_t>(shape.size()));
  Rng rng(seed);
  rng.fill_uniform(x.data(), shape.size());
  return x;
}

double at(const std::vector<float>& x, ImageShape s, int64_t c, int64_t i, int64_t j) {
  return x[static_cast<size_t>((c * s.height + i) * s.width + j)];
}

double cubic(double x, double a) {
  x = std::abs(x);
  if (x < 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
  if (x < 2) return a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a;
  return 0;
}

// Dense weights [out, in] by the definition.
std::vector<std::vector<double>> dense_weights(int64_t in, int64_t out, Filter filter,
                                               bool antialias) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = antialias ? std::max(1.0, scale) : 1.0;
  std::vector<std::vector<double>> rows;
  for (int64_t i = 0; i < out; ++i) {
    std::vector<double> row(static_cast<size_t>(in), 0.0);
    double total = 0;
    for (int64_t x = -8; x < in + 8; ++x) {
      if (antialias && (x < 0 || x >= in)) continue;
      const double d =
          (static_cast<double>(x) + 0.5 - (static_cast<double>(i) + 0.5) * scale) / stretch;
      const double w = filter == Filter::bilinear ? std::max(0.0, 1 - std::abs(d))
                                                  : cubic(d, antialias ? -0.5 : -0.75);
      row[static_cast<size_t>(std::clamp(x, int64_t{0}, in - 1))] += w;
      total += w;
    }
    for (double& w : row) w /= total;
    rows.push_back(row);
  }
  return rows;
}

TEST(ImageKernels, ResampleEqualsItsDefinitionForManyBoxesAndSizes) {
  const ImageShape shape{3, 23, 31};
  const auto x = noise_image(1, shape);
  std::vector<uint8_t> bytes(x.size());
  std::vector<float> of_bytes(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(x[i] * 255.0F);
    of_bytes[i] = static_cast<float>(bytes[i]) / 255.0F;
  }
  Rng rng(2);
  for (int trial = 0; trial < 120; ++trial) {
    Box box;
    box.height = 1 + rng.below(shape.height);
    box.width = 1 + rng.below(shape.width);
    box.top = rng.below(shape.height - box.height + 1);
    box.left = rng.below(shape.width - box.width + 1);
    const int64_t h = 1 + rng.below(40), w = 1 + rng.below(40);
    const Filter filter = trial % 2 ? Filter::bicubic : Filter::bilinear;
    const bool antialias = trial % 4 < 2;
    const auto wy = dense_weights(box.height, h, filter, antialias);
    const auto wx = dense_weights(box.width, w, filter, antialias);
    std::vector<float> got(static_cast<size_t>(3 * h * w)), got_bytes = got, again = got;
    resample(x.data(), shape, box, got.data(), h, w, filter, antialias);
    resample(bytes.data(), shape, box, got_bytes.data(), h, w, filter, antialias);
    resample(of_bytes.data(), shape, box, again.data(), h, w, filter, antialias);
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t i = 0; i < h; ++i) {
        for (int64_t j = 0; j < w; ++j) {
          double expected = 0;
          for (int64_t y = 0; y < box.height; ++y) {
            const double row_weight = wy[static_cast<size_t>(i)][static_cast<size_t>(y)];
            if (row_weight == 0) continue;
            for (int64_t z = 0; z < box.width; ++z) {
              expected += row_weight * wx[static_cast<size_t>(j)][static_cast<size_t>(z)] *
                          at(x, shape, c, box.top + y, box.left + z);
            }
          }
          const auto k = static_cast<size_t>((c * h + i) * w + j);
          ASSERT_NEAR(got[k], expected, 2e-6)
              << "trial " << trial << ": " << box.height << " x " << box.width << " to " << h
              << " x " << w << " at " << c << " " << i << " " << j;
          ASSERT_NEAR(got_bytes[k], again[k], 1e-6) << "trial " << trial;
        }
      }
    }
  }
}

TEST(ImageKernels, BlurEqualsTheTwoDimensionalSumAtEveryWidth) {
  const auto mirrored = [](int64_t i, int64_t n) {
    while (n > 1 && (i < 0 || i >= n)) i = i < 0 ? -i : 2 * (n - 1) - i;
    return n == 1 ? 0 : i;
  };
  for (int64_t width = 1; width <= 18; ++width) {
    const ImageShape shape{2, 5, width};
    const auto x = noise_image(3, shape);
    std::vector<float> got(x.size());
    const int64_t kernel = 7;
    const double sigma = 1.1;
    gaussian_blur(x.data(), shape, kernel, sigma, got.data());
    for (int64_t c = 0; c < 2; ++c) {
      for (int64_t i = 0; i < 5; ++i) {
        for (int64_t j = 0; j < width; ++j) {
          double sum = 0, total = 0;
          for (int64_t di = -3; di <= 3; ++di) {
            for (int64_t dj = -3; dj <= 3; ++dj) {
              const double w =
                  std::exp(-static_cast<double>(di * di + dj * dj) / (2 * sigma * sigma));
              total += w;
              sum += w * at(x, shape, c, mirrored(i + di, 5), mirrored(j + dj, width));
            }
          }
          ASSERT_NEAR(at(got, shape, c, i, j), sum / total, 1e-6)
              << width << " at " << i << " " << j;
        }
      }
    }
  }
}

// HSV there and back, step by step, as the textbooks have it.
void textbook_hue(double turn, double& r, double& g, double& b) {
  const double most = std::max({r, g, b}), least = std::min({r, g, b}), span = most - least;
  if (span == 0) return;
  double h = most == r ? (g - b) / span : most == g ? 2 + (b - r) / span : 4 + (r - g) / span;
  h = std::fmod(h / 6 + turn + 2, 1.0) * 6;
  const double s = span / most, f = h - std::floor(h), v = most;
  const double p = v * (1 - s), q = v * (1 - s * f), t = v * (1 - s * (1 - f));
  const double table[6][3] = {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}};
  const auto* row = table[static_cast<int>(h) % 6];
  r = row[0], g = row[1], b = row[2];
}

TEST(ImageKernels, HueEqualsTheTextbookForEveryTailInPlaceOrNot) {
  for (int64_t n = 1; n <= 21; ++n) {
    for (double turn : {-0.5, -0.21, 0.0, 0.08, 0.33, 0.5}) {
      const ImageShape shape{3, 1, n};
      auto x = noise_image(static_cast<uint64_t>(n), shape);
      for (int64_t c = 0; c < 3; ++c) x[static_cast<size_t>(c * n)] = 0.25F;  // a grey pixel
      std::vector<float> got(x.size());
      hue(x.data(), got.data(), n, static_cast<float>(turn));
      for (int64_t i = 0; i < n; ++i) {
        double rgb[3] = {at(x, shape, 0, 0, i), at(x, shape, 1, 0, i), at(x, shape, 2, 0, i)};
        textbook_hue(turn, rgb[0], rgb[1], rgb[2]);
        for (int64_t c = 0; c < 3; ++c) {
          ASSERT_NEAR(at(got, shape, c, 0, i), rgb[c], 2e-6) << n << " " << turn << " " << c;
        }
      }
      hue(x.data(), x.data(), n, static_cast<float>(turn));
      EXPECT_EQ(x, got) << "in place";
    }
  }
}

TEST(ImageKernels, SaturationInPlaceEqualsThatIntoAnotherImage) {
  for (int64_t n = 1; n <= 21; ++n) {
    auto x = noise_image(9, {3, 1, n});
    std::vector<float> got(x.size());
    saturation(x.data(), got.data(), n, 1.7F);
    saturation(x.data(), x.data(), n, 1.7F);
    EXPECT_EQ(x, got) << n;
  }
}

TEST(ImageKernels, MeanIsExactForWholeNumbersAndCloseForMany) {
  for (int64_t n : {1, 7, 8, 9, 511, 512, 513, 5000}) {
    std::vector<float> x(static_cast<size_t>(n));
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      x[static_cast<size_t>(i)] = static_cast<float>(i % 17);
      sum += static_cast<double>(i % 17);
    }
    EXPECT_EQ(mean(x.data(), n), sum / static_cast<double>(n)) << n;
  }
  const std::vector<float> tenth(1 << 20, 0.1F);
  EXPECT_NEAR(mean(tenth.data(), 1 << 20), 0.1, 1e-7);
}

TEST(ImageKernels, WarpNeverReadsOutsideAndFillsThere) {
  // Guards of NaN around the image would show in the output.
  const ImageShape shape{1, 5, 7};
  std::vector<float> guarded(35 + 2 * 64, NAN);
  std::fill_n(guarded.begin() + 64, 35, 0.5F);
  Rng rng(11);
  std::vector<float> got(35);
  for (int trial = 0; trial < 500; ++trial) {
    const SourceMap map{rng.uniform(-3, 3), rng.uniform(-3, 3), rng.uniform(-9, 9),
                        rng.uniform(-3, 3), rng.uniform(-3, 3), rng.uniform(-9, 9)};
    warp_bilinear(guarded.data() + 64, shape, map, 0.5F, false, got.data());
    for (float v : got) ASSERT_NEAR(v, 0.5F, 1e-6) << "trial " << trial;
    warp_nearest(guarded.data() + 64, shape, map, 0.5F, got.data());
    for (float v : got) ASSERT_EQ(v, 0.5F) << "trial " << trial;
  }
}

}  // namespace
}  // namespace likewise::kernels
