// The vector kernels of views against the elementary ones, for every instruction set this processor
// has, over sizes that leave every kind of rest, and values at the edges.
#include "kernels/views/view_ops.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/image/blur.hpp"
#include "kernels/image/colour.hpp"
#include "likewise/base/random.hpp"
#include "support/simd_sets.hpp"

namespace likewise::kernels {
namespace {

std::vector<float> noise(int64_t n, uint64_t seed) {
  std::vector<float> x(static_cast<size_t>(n));
  Rng rng(seed);
  rng.fill_uniform(x.data(), n);
  return x;
}

// Values that are 0, 1, equal in two channels, and ordinary.
std::vector<float> extremes(ImageShape shape, uint64_t seed) {
  auto x = noise(shape.size(), seed);
  Rng rng(seed, {1});
  for (int64_t i = 0; i < shape.plane(); ++i) {
    const int64_t kind = rng.below(8);
    for (int64_t c = 0; c < shape.channels; ++c) {
      float& v = x[static_cast<size_t>(c * shape.plane() + i)];
      if (kind == 0) v = 0.0F;
      if (kind == 1) v = 1.0F;
      if (kind == 2) v = x[static_cast<size_t>(i)];
      if (kind == 3) v = c == 2 ? 1.0F : 0.0F;
      if (kind == 4) v = std::numeric_limits<float>::denorm_min();
    }
  }
  return x;
}

void expect_close(const std::vector<float>& got, const std::vector<float>& expected,
                  double tolerance, const std::string& what) {
  ASSERT_EQ(got.size(), expected.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(std::isfinite(got[i])) << what << " at " << i;
    worst = std::max(worst, std::abs(double{got[i]} - double{expected[i]}));
  }
  EXPECT_LE(worst, tolerance) << what;
}

std::string name(Simd simd, ImageShape s) {
  return std::string(simd_name(simd)) + " " + std::to_string(s.channels) + "x" +
         std::to_string(s.height) + "x" + std::to_string(s.width);
}

const std::vector<std::pair<int64_t, int64_t>>& sides() {
  static const std::vector<std::pair<int64_t, int64_t>> list = {
      {1, 1}, {1, 9}, {2, 3}, {5, 4}, {7, 8}, {16, 16}, {17, 33}, {32, 32}, {31, 65}, {3, 131}};
  return list;
}

TEST(ViewOps, ResampleEqualsTheElementaryOne) {
  for (Simd simd : simd_sets()) {
    const ViewOps& ops = view_ops(simd);
    ViewScratch scratch;
    uint64_t seed = 0;
    for (const auto& [height, width] : sides()) {
      for (const auto& [out_h, out_w] : sides()) {
        for (int64_t channels : {1, 3}) {
          const ImageShape shape{channels, height, width};
          Rng rng(++seed);
          Box box{rng.below((height + 1) / 2), rng.below((width + 1) / 2), 0, 0};
          box.height = 1 + rng.below(height - box.top);
          box.width = 1 + rng.below(width - box.left);
          const bool flip = rng.chance(0.5);
          const auto in = noise(shape.size(), seed);
          std::vector<uint8_t> bytes;
          for (float x : in) bytes.push_back(static_cast<uint8_t>(255.99F * x));
          std::vector<float> got(static_cast<size_t>(channels * out_h * out_w)), expected(got);
          const auto mirrored = [&](std::vector<float> x) {
            if (!flip) return x;
            for (auto row = x.begin(); row != x.end(); row += out_w) std::reverse(row, row + out_w);
            return x;
          };
          ops.resample_floats(in.data(), shape, box, flip, got.data(), out_h, out_w, scratch);
          resample(in.data(), shape, box, expected.data(), out_h, out_w, Filter::bilinear, true);
          expect_close(got, mirrored(expected), 2e-6, "floats " + name(simd, shape));
          ops.resample_bytes(bytes.data(), shape, box, flip, got.data(), out_h, out_w, scratch);
          resample(bytes.data(), shape, box, expected.data(), out_h, out_w, Filter::bilinear, true);
          expect_close(got, mirrored(expected), 2e-6, "bytes " + name(simd, shape));
        }
      }
    }
  }
}

TEST(ViewOps, PointOperationsEqualTheElementaryOnes) {
  const float a = 1.3F;
  for (Simd simd : simd_sets()) {
    const ViewOps& ops = view_ops(simd);
    auto shapes = sides();
    shapes.emplace_back(61, 53);  // several blocks and a rest
    for (const auto& [height, width] : shapes) {
      for (int64_t channels : {1, 3}) {
        const ImageShape shape{channels, height, width};
        const int64_t n = shape.size(), plane = shape.plane();
        const auto in = extremes(shape, static_cast<uint64_t>(7 * n + channels));
        auto expected = in, other = in;
        const double level = ops.mean_luma(in.data(), shape);
        double sum = 0;
        const float luma_weights[3] = {kRed, kGreen, kBlue};
        for (int64_t i = 0; i < n; ++i) {
          sum += (channels == 3 ? double{luma_weights[i / plane]} : 1.0) *
                 double{in[static_cast<size_t>(i)]};
        }
        EXPECT_NEAR(level, sum / static_cast<double>(plane), 1e-6) << name(simd, shape);

        std::vector<PointStep> steps;
        const auto step = [&](Point kind, float amount, float shift = 0) {
          PointStep s;
          s.kind = kind;
          s.amount = amount;
          s.shift = shift;
          steps.push_back(s);
        };
        step(Point::hue, -0.17F);
        step(Point::brightness, a);
        step(Point::saturation, 0.4F);
        step(Point::solarize, 0.5F);
        step(Point::gamma, 0.7F);
        if (channels == 3) {
          hue(expected.data(), expected.data(), plane, -0.17F);
          other = expected;
        }
        brightness(expected.data(), expected.data(), n, a);
        if (channels == 3) saturation(expected.data(), expected.data(), plane, 0.4F);
        solarize(expected.data(), expected.data(), n, 0.5F);
        gamma(expected.data(), expected.data(), n, 0.7F);
        auto got = in;
        ops.points(in.data(), got.data(), shape, steps.data(), static_cast<int64_t>(steps.size()));
        expect_close(got, expected, 4e-6, "chain " + name(simd, shape));

        steps.clear();
        const double mean = ops.mean_luma(got.data(), shape);
        step(Point::contrast, 0.5F, static_cast<float>(0.5 * mean));
        step(Point::gray, 0);
        PointStep last;
        last.kind = Point::scale_shift;
        last.scales = {2, 3, 4};
        last.shifts = {-1, 0, 1};
        steps.push_back(last);
        contrast(expected.data(), expected.data(), shape, 0.5F);
        if (channels == 3) {
          luma(expected.data(), other.data(), plane);
          for (int64_t c = 0; c < 3; ++c) {
            std::copy(other.begin(), other.begin() + plane, expected.begin() + c * plane);
          }
        }
        for (int64_t c = 0; c < channels; ++c) {
          scale_shift(expected.data() + c * plane, expected.data() + c * plane, plane,
                      last.scales[static_cast<size_t>(c)], last.shifts[static_cast<size_t>(c)]);
        }
        ops.points(got.data(), got.data(), shape, steps.data(), static_cast<int64_t>(steps.size()));
        expect_close(got, expected, 2e-5, "second chain " + name(simd, shape));

        ops.points(in.data(), got.data(), shape, nullptr, 0);
        EXPECT_EQ(got, in) << "no step is a copy";
      }
    }
  }
}

TEST(ViewOps, BlurEqualsTheElementaryOne) {
  for (Simd simd : simd_sets()) {
    const ViewOps& ops = view_ops(simd);
    ViewScratch scratch;
    for (const auto& [height, width] : sides()) {
      const ImageShape shape{3, height, width};
      const auto in = noise(shape.size(), static_cast<uint64_t>(width));
      for (int64_t kernel : {1, 3, 9, 23}) {
        for (double sigma : {0.1, 0.9, 2.0, 30.0}) {
          auto got = in, expected = in;
          ops.blur(in.data(), shape, kernel, sigma, got.data(), scratch);
          gaussian_blur(in.data(), shape, kernel, sigma, expected.data());
          expect_close(got, expected, 2e-6, "blur " + name(simd, shape));
        }
      }
    }
  }
}

TEST(ViewOps, WarpEqualsTheElementaryOne) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (Simd simd : simd_sets()) {
    const ViewOps& ops = view_ops(simd);
    ViewScratch scratch;
    for (const auto& [height, width] : sides()) {
      const ImageShape shape{3, height, width};
      const auto in = noise(shape.size(), static_cast<uint64_t>(width + 100));
      for (const SourceMap& map : {SourceMap{}, SourceMap{0.8, 0.3, 1.7, -0.2, 1.1, -0.4},
                                   SourceMap{1, 0, 0.5, 0, 1, -0.25}, SourceMap{-1, 0, 0, 0, 1, 0},
                                   SourceMap{5, 0, 0, 0, 5, 0}, SourceMap{1, 0, 1e9, 0, 1, 0},
                                   SourceMap{1, 0, -infinity, 0, 1, 0}}) {
        auto got = in, expected = in;
        ops.warp(in.data(), shape, map, 0.3F, got.data(), scratch);
        warp_bilinear(in.data(), shape, map, 0.3F, false, expected.data());
        expect_close(got, expected, 2e-6, "warp " + name(simd, shape));
      }
    }
  }
}

}  // namespace
}  // namespace likewise::kernels
