// Convolutions of images seen through a mirror or a lens, and of channels that end within a block.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "kernels/conv/conv.hpp"
#include "likewise/base/random.hpp"

namespace likewise::kernels::conv_source_test {
namespace {

using Floats = std::vector<float>;

Floats normal(uint64_t seed, int64_t n) {
  Floats x(static_cast<size_t>(n));
  Rng(seed).fill_normal(x.data(), n);
  return x;
}
void at_once(int64_t n, const std::function<void(int64_t, int64_t)>& body) { body(0, n); }

struct Result {
  Floats y, dx, dw;
};

// Weights [O, C, K, K].
Result run(const ConvShape& s, const Floats& x, const Floats& w, const Floats& dy, Simd simd) {
  const int64_t k = s.kernel, in = s.weight_in > 0 ? s.weight_in : s.in;
  const auto layout = [&](const float* data) { return ConvWeights{data, in * k * k, k * k, k, 1}; };
  Result r{Floats(dy.size(), 7.0F),
           Floats(static_cast<size_t>(s.batch * s.height * s.width * s.in), 7.0F),
           Floats(w.size(), 7.0F)};
  const ConvMethod method = conv_method(s, ConvPart::kForward);
  conv_forward(s, method, x.data(), layout(w.data()), r.y.data(), at_once, simd);
  conv_backward_data(s, method, dy.data(), layout(w.data()), r.dx.data(), at_once, simd);
  conv_backward_weights(s, method, x.data(), dy.data(), layout(nullptr), r.dw.data(), at_once,
                        simd);
  return r;
}

std::vector<Simd> sets() {
  std::vector<Simd> all;
  for (Simd simd : {Simd::kPortable, Simd::kAvx2, Simd::kAvx512}) {
    if (can_run(simd)) all.push_back(simd);
  }
  return all;
}

const std::vector<ConvShape> kShapes = {{3, 12, 14, 16, 32, 3, 1, 0},
                                        {3, 9, 10, 32, 16, 3, 2, 0},
                                        {2, 13, 15, 4, 16, 9, 1, 0},
                                        {2, 13, 29, 32, 3, 9, 1, 0},
                                        {2, 9, 9, 16, 16, 5, 1, 0}};

// Nothing changes when the pixels are gathered first.
TEST(ConvSource, EqualsTheGatheredImage) {
  for (ConvShape s : kShapes) {
    const int64_t height = (s.height + 3) / 2, width = (s.width + 5) / 3;
    std::vector<int64_t> rows, columns;
    Rng rng(5);
    for (int64_t i = 0; i < s.height; ++i) rows.push_back(static_cast<int64_t>(rng.below(height)));
    for (int64_t j = 0; j < s.width; ++j) columns.push_back(j * 2 % width);
    const ConvSource source{height, width, rows.data(), columns.data()};
    const Floats small = normal(1, s.batch * height * width * s.in);
    Floats large;
    for (int64_t n = 0; n < s.batch; ++n)
      for (int64_t i : rows)
        for (int64_t j : columns)
          for (int64_t c = 0; c < s.in; ++c)
            large.push_back(small[static_cast<size_t>(((n * height + i) * width + j) * s.in + c)]);
    const Floats w = normal(2, s.out * s.in * s.kernel * s.kernel);
    const Floats dy = normal(3, s.batch * s.out_height() * s.out_width() * s.out);
    for (Simd simd : sets()) {
      const Result a = run(s, large, w, dy, simd);
      ConvShape seen = s;
      seen.source = &source;
      const Result b = run(seen, small, w, dy, simd);
      EXPECT_EQ(a.y, b.y) << simd_name(simd) << s.in << " to " << s.out;
      EXPECT_EQ(a.dx, b.dx) << simd_name(simd) << s.in << " to " << s.out;
      EXPECT_EQ(a.dw, b.dw) << simd_name(simd) << s.in << " to " << s.out;

      Floats folded(small.size(), 7.0F);
      conv_fold(source, s.batch, s.height, s.width, s.in, a.dx.data(), folded.data(), at_once,
                simd);
      std::vector<double> sums(small.size());
      size_t at = 0;
      for (int64_t n = 0; n < s.batch; ++n)
        for (int64_t i : rows)
          for (int64_t j : columns)
            for (int64_t c = 0; c < s.in; ++c)
              sums[static_cast<size_t>(((n * height + i) * width + j) * s.in + c)] +=
                  double{a.dx[at++]};
      for (size_t k = 0; k < sums.size(); ++k) ASSERT_NEAR(folded[k], sums[k], 2e-4) << k;
    }
  }
}

// Fewer channels of weights are zeros behind them, whatever x has there.
TEST(ConvSource, ChannelsEndWithinABlock) {
  for (ConvShape s : {ConvShape{2, 9, 10, 16, 16, 3, 1, 0}, ConvShape{2, 9, 10, 48, 48, 3, 1, 0},
                      ConvShape{2, 9, 10, 16, 32, 3, 2, 0}, ConvShape{2, 12, 15, 4, 16, 9, 1, 0},
                      ConvShape{2, 12, 15, 16, 3, 9, 1, 0}}) {
    for (int64_t less : {1, 8, 11}) {
      const int64_t in = s.in % 16 == 0 ? s.in - less : s.in;
      const int64_t out = s.out % 16 == 0 ? s.out - less : s.out;
      const int64_t area = s.kernel * s.kernel;
      const Floats w = normal(2, out * in * area);
      Floats whole(static_cast<size_t>(s.out * s.in * area));
      for (int64_t o = 0; o < out; ++o)
        std::copy_n(w.begin() + o * in * area, in * area, whole.begin() + o * s.in * area);
      const Floats x = normal(1, s.batch * s.height * s.width * s.in);
      const Floats dy = normal(3, s.batch * s.out_height() * s.out_width() * s.out);
      for (Simd simd : sets()) {
        const Result a = run(s, x, whole, dy, simd);
        ConvShape fewer = s;
        fewer.weight_in = in;
        fewer.weight_out = out;
        const Result b = run(fewer, x, w, dy, simd);
        const auto near = [&](float p, float q) {
          ASSERT_NEAR(p, q, 1e-4) << simd_name(simd) << " " << in << " to " << out;
        };
        for (size_t k = 0; k < a.y.size(); ++k) near(a.y[k], b.y[k]);
        for (size_t k = 0; k < a.dx.size(); ++k) near(a.dx[k], b.dx[k]);
        for (int64_t o = 0; o < out; ++o)
          for (int64_t k = 0; k < in * area; ++k)
            near(a.dw[static_cast<size_t>(o * s.in * area + k)],
                 b.dw[static_cast<size_t>(o * in * area + k)]);
      }
    }
  }
}

TEST(ConvSource, WhatIsNotFiniteReachesWhatSeesItAndNothingElse) {
  for (const ConvShape& s :
       {ConvShape{2, 12, 20, 4, 16, 9, 1, 4}, ConvShape{2, 12, 20, 16, 3, 9, 1, 4}}) {
    for (float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      Floats x = normal(1, s.batch * s.height * s.width * s.in);
      x[static_cast<size_t>((2 * s.width + 3) * s.in)] = bad;  // pixel (2, 3) of the first image
      const Floats w = normal(2, s.out * s.in * 81);
      const Floats dy = normal(3, s.batch * s.height * s.width * s.out);
      for (Simd simd : sets()) {
        const Result r = run(s, x, w, dy, simd);
        for (int64_t p = 0; p < 2 * s.height * s.width; ++p) {
          const int64_t i = p / s.width, j = p % s.width;
          const bool sees = i <= 6 && j <= 7;
          for (int64_t o = 0; o < s.out; ++o) {
            ASSERT_EQ(std::isfinite(r.y[static_cast<size_t>(p * s.out + o)]), !sees)
                << simd_name(simd) << " " << i << " " << j;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace likewise::kernels::conv_source_test
