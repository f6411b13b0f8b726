// Convolutions and their gradients against loops in double.
#include "kernels/conv/conv.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "likewise/base/random.hpp"

namespace likewise::kernels::conv_test {
namespace {

using Floats = std::vector<float>;
constexpr float kUntouched = -77.0F;

Floats normal(uint64_t seed, int64_t n) {
  Floats x(static_cast<size_t>(n));
  Rng(seed).fill_normal(x.data(), n);
  return x;
}

void one_by_one(int64_t n, const std::function<void(int64_t, int64_t)>& body) {
  for (int64_t i = 0; i < n; ++i) body(i, i + 1);
}
void at_once(int64_t n, const std::function<void(int64_t, int64_t)>& body) { body(0, n); }
void on_threads(int64_t n, int64_t count, const std::function<void(int64_t, int64_t)>& body) {
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < count; ++t) {
    threads.emplace_back([&, t] {
      if (t * n / count < (t + 1) * n / count) body(t * n / count, (t + 1) * n / count);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// One convolution with its inputs and what the loops in double make of them. Weights lie [O, K, K,
// C] (channels-last) or [O, C, K, K].
struct Case {
  ConvShape s;
  bool planar;
  Floats x, w, dy;
  std::vector<double> y, dx, dw;

  Case(const ConvShape& shape, bool planar_weights) : s(shape), planar(planar_weights) {
    x = normal(1, s.batch * s.height * s.width * s.in);
    w = normal(2, s.out * s.in * s.kernel * s.kernel);
    dy = normal(3, s.batch * s.out_height() * s.out_width() * s.out);
    y.resize(dy.size()), dx.resize(x.size()), dw.resize(w.size());
    for (int64_t n = 0; n < s.batch; ++n)
      for (int64_t i = 0; i < s.out_height(); ++i)
        for (int64_t j = 0; j < s.out_width(); ++j)
          for (int64_t r = 0; r < s.kernel; ++r)
            for (int64_t q = 0; q < s.kernel; ++q) {
              const int64_t ii = i * s.stride + r - s.padding, jj = j * s.stride + q - s.padding;
              if (ii < 0 || ii >= s.height || jj < 0 || jj >= s.width) continue;
              for (int64_t o = 0; o < s.out; ++o)
                for (int64_t c = 0; c < s.in; ++c) {
                  const size_t at_x = x_at(n, ii, jj, c), at_y = y_at(n, i, j, o);
                  const size_t at_w = w_at(o, c, r, q);
                  y[at_y] += double{x[at_x]} * double{w[at_w]};
                  dx[at_x] += double{dy[at_y]} * double{w[at_w]};
                  dw[at_w] += double{dy[at_y]} * double{x[at_x]};
                }
            }
  }
  size_t x_at(int64_t n, int64_t i, int64_t j, int64_t c) const {
    return static_cast<size_t>(((n * s.height + i) * s.width + j) * s.in + c);
  }
  size_t y_at(int64_t n, int64_t i, int64_t j, int64_t o) const {
    return static_cast<size_t>(((n * s.out_height() + i) * s.out_width() + j) * s.out + o);
  }
  size_t w_at(int64_t o, int64_t c, int64_t r, int64_t q) const {
    const ConvWeights l = layout(nullptr);
    return static_cast<size_t>(o * l.out_step + c * l.in_step + r * l.row_step + q * l.column_step);
  }
  ConvWeights layout(const float* data) const {
    const int64_t k = s.kernel;
    if (planar) return {data, s.in * k * k, k * k, k, 1};
    return {data, k * k * s.in, 1, k * s.in, s.in};
  }
};

struct Result {
  Floats y, dx, dw;
};

Result run(const Case& c, ConvMethod method, const ConvForEach& for_each, Simd simd) {
  // Some floats more on both ends must stay as they are.
  const auto framed = [](size_t n) { return Floats(n + 32, kUntouched); };
  const auto inner = [](Floats& framed_values) {
    Floats values(framed_values.begin() + 16, framed_values.end() - 16);
    for (size_t i = 0; i < 16; ++i) {
      EXPECT_EQ(framed_values[i], kUntouched) << "written before";
      EXPECT_EQ(framed_values[framed_values.size() - 1 - i], kUntouched) << "written beyond";
    }
    return values;
  };
  Floats y = framed(c.y.size()), dx = framed(c.dx.size()), dw = framed(c.dw.size());
  conv_forward(c.s, method, c.x.data(), c.layout(c.w.data()), y.data() + 16, for_each, simd);
  if (conv_method(c.s, ConvPart::kBackwardData) != ConvMethod::kNone) {
    conv_backward_data(c.s, method, c.dy.data(), c.layout(c.w.data()), dx.data() + 16, for_each,
                       simd);
  }
  conv_backward_weights(c.s, method, c.x.data(), c.dy.data(), c.layout(nullptr), dw.data() + 16,
                        for_each, simd);
  return {inner(y), inner(dx), inner(dw)};
}

// The largest difference beside the largest value.
double error(const Floats& a, const std::vector<double>& b) {
  double difference = 0, largest = 1e-30;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i])) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(double{a[i]} - b[i]));
    largest = std::max(largest, std::abs(b[i]));
  }
  return difference / largest;
}

std::vector<ConvMethod> methods(const ConvShape& s) {
  if (conv_method(s, ConvPart::kForward) == ConvMethod::kWinograd) {
    return {ConvMethod::kDirect, ConvMethod::kWinograd};
  }
  return {ConvMethod::kDirect};
}

void check(const ConvShape& s, bool planar) {
  ASSERT_NE(conv_method(s, ConvPart::kForward), ConvMethod::kNone);
  const Case c(s, planar);
  for (Simd simd : {Simd::kPortable, Simd::kAvx2, Simd::kAvx512}) {
    if (!can_run(simd)) continue;
    for (ConvMethod method : methods(s)) {
      SCOPED_TRACE(testing::Message()
                   << simd_name(simd) << (method == ConvMethod::kWinograd ? " winograd" : " direct")
                   << " batch " << s.batch << ", " << s.height << " x " << s.width << ", " << s.in
                   << " to " << s.out << ", kernel " << s.kernel << " stride " << s.stride
                   << " padding " << s.padding << (planar ? " planar" : ""));
      const Result r = run(c, method, one_by_one, simd);
      // docs/numerics.md
      const double bound = method == ConvMethod::kWinograd ? 1e-5 : 2e-6;
      EXPECT_LT(error(r.y, c.y), bound);
      EXPECT_LT(error(r.dw, c.dw), bound);
      if (conv_method(s, ConvPart::kBackwardData) != ConvMethod::kNone) {
        EXPECT_LT(error(r.dx, c.dx), bound);
      } else {
        EXPECT_EQ(r.dx, Floats(r.dx.size(), kUntouched));
      }
    }
  }
}

TEST(Conv, ThreeByThreeEqualsLoopsInDouble) {
  for (auto [in, out] : {std::pair<int64_t, int64_t>{16, 16}, {16, 32}, {32, 16}, {48, 80}}) {
    for (auto [height, width] :
         {std::pair<int64_t, int64_t>{1, 1}, {1, 9}, {2, 3}, {4, 4}, {5, 8}, {7, 6}, {13, 17}}) {
      for (int64_t stride : {1, 2}) {
        check({2, height, width, in, out, 3, stride, 1}, false);
      }
    }
  }
}

TEST(Conv, AnyPadding) {
  for (int64_t padding : {0, 1, 2}) {
    for (int64_t stride : {1, 2}) check({2, 6, 5, 16, 16, 3, stride, padding}, true);
  }
  check({1, 3, 3, 32, 16, 3, 1, 0}, false);  // one pixel of output
}

TEST(Conv, OtherKernels) {
  for (int64_t kernel : {1, 2, 4, 5, 7}) {
    for (int64_t stride : {1, 2}) {
      for (int64_t padding = 0; padding < kernel; padding += 2) {
        check({2, 8, 11, 16, 32, kernel, stride, padding}, kernel % 2 == 0);
      }
    }
  }
}

TEST(Conv, OneAndThreeChannels) {
  for (int64_t in : {1, 3}) {
    for (int64_t out : {16, 32, 48, 64}) {
      for (auto [height, width] : {std::pair<int64_t, int64_t>{1, 1}, {3, 2}, {9, 28}}) {
        check({3, height, width, in, out, 3, 1, 1}, in == 3);
      }
    }
    check({2, 9, 7, in, 16, 5, 1, 2}, false);
  }
}

TEST(Conv, FewChannelsAndLargeKernels) {
  for (int64_t few = 1; few <= 8; ++few) {
    for (auto [height, width] : {std::pair<int64_t, int64_t>{1, 1}, {2, 5}, {6, 19}, {3, 35}}) {
      check({2, height, width, few, 16, 9, 1, 4}, few % 2 == 0);  // smaller than the kernel too
      check({2, height, width, 16, few, 9, 1, 4}, few % 2 == 1);
    }
    check({2, 7, 8, few, 32, 5, 1, 1}, false);
    check({2, 7, 8, 32, few, 5, 1, 1}, false);
    check({1, 6, 17, 16, few, 1, 1, 0}, false);
  }
  check({2, 11, 10, 16, 32, 9, 2, 4}, false);
}

TEST(Conv, ManyTilesAndGroups) {  // more than one block of tiles and group of sums, with rests
  check({37, 9, 10, 16, 16, 3, 1, 1}, false);
  check({19, 6, 6, 64, 64, 3, 1, 1}, false);
  check({21, 5, 5, 16, 16, 3, 2, 1}, false);
}

TEST(Conv, IsTheSameHoweverTheWorkIsDivided) {
  for (const ConvShape& s :
       {ConvShape{70, 9, 10, 16, 32, 3, 1, 1}, ConvShape{18, 8, 8, 32, 32, 3, 2, 1},
        ConvShape{20, 8, 8, 3, 16, 3, 1, 1}, ConvShape{19, 12, 12, 4, 16, 9, 1, 4},
        ConvShape{19, 12, 12, 16, 3, 9, 1, 4}}) {
    const Case c(s, false);
    for (ConvMethod method : methods(s)) {
      const Result one = run(c, method, at_once, best_simd());
      for (int64_t threads : {1, 2, 4}) {
        const Result other = run(
            c, method,
            [&](int64_t n, const std::function<void(int64_t, int64_t)>& body) {
              on_threads(n, threads, body);
            },
            best_simd());
        EXPECT_EQ(one.y, other.y) << threads;
        EXPECT_EQ(one.dx, other.dx) << threads;
        EXPECT_EQ(one.dw, other.dw) << threads;
      }
    }
  }
}

// Whatever depends on a value that is not finite is not finite, and no other image is touched.
TEST(Conv, WhatIsNotFiniteStaysSo) {
  for (Simd simd : {Simd::kPortable, Simd::kAvx2, Simd::kAvx512}) {
    if (!can_run(simd)) continue;
    for (float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      for (int64_t stride : {1, 2}) {
        Case c({3, 8, 8, 16, 16, 3, stride, 1}, false);
        c.x[c.x_at(1, 4, 5, 3)] = bad;
        for (ConvMethod method : methods(c.s)) {
          const Result r = run(c, method, at_once, simd);
          for (int64_t i = 0; i < c.s.out_height(); ++i) {
            for (int64_t j = 0; j < c.s.out_width(); ++j) {
              const bool sees = std::abs(i * stride - 4) <= 1 && std::abs(j * stride - 5) <= 1;
              EXPECT_FALSE(sees && std::isfinite(r.y[c.y_at(1, i, j, 7)])) << i << " " << j;
              EXPECT_TRUE(std::isfinite(r.y[c.y_at(0, i, j, 7)]));
              EXPECT_TRUE(std::isfinite(r.y[c.y_at(2, i, j, 7)]));
            }
          }
          EXPECT_FALSE(std::isfinite(r.dw[c.w_at(5, 3, 1, 2)]));
        }
      }
    }
  }
}

TEST(Conv, ExtremesOfSize) {
  for (double scale : {1e-20, 1e15}) {  // products stay within a float's range
    Case c({2, 9, 9, 16, 16, 3, 1, 1}, false);
    for (float& v : c.x) v = static_cast<float>(v * scale);
    for (double& v : c.y) v *= scale;
    for (double& v : c.dw) v *= scale;
    for (ConvMethod method : methods(c.s)) {
      const Result r = run(c, method, at_once, best_simd());
      double largest = 0;
      for (double v : c.y) largest = std::max(largest, std::abs(v));
      for (size_t i = 0; i < r.y.size(); ++i) {
        ASSERT_NEAR(r.y[i] / largest, c.y[i] / largest, 1e-5);
      }
    }
  }
}

TEST(Conv, WhatIsNotSupported) {
  const auto none = [](const ConvShape& s, ConvPart part = ConvPart::kForward) {
    return conv_method(s, part) == ConvMethod::kNone;
  };
  EXPECT_TRUE(none({1, 8, 8, 16, 17, 3, 1, 1}));
  EXPECT_TRUE(none({1, 8, 8, 9, 16, 3, 1, 1}));
  EXPECT_TRUE(none({1, 8, 8, 8, 8, 3, 1, 1}));
  EXPECT_TRUE(none({1, 8, 8, 3, 16, 3, 2, 1}));
  EXPECT_TRUE(none({1, 8, 8, 16, 3, 3, 2, 1}));
  EXPECT_TRUE(none({1, 12, 12, 16, 16, 10, 1, 1}));
  EXPECT_FALSE(none({1, 8, 8, 3, 16, 3, 1, 1}, ConvPart::kBackwardData));
  EXPECT_TRUE(none({1, 8, 8, 16, 16, 3, 3, 1}));
  EXPECT_TRUE(none({1, 8, 8, 16, 16, 3, 1, 3}));
  EXPECT_TRUE(none({0, 8, 8, 16, 16, 3, 1, 1}));
  EXPECT_TRUE(none({1, 2, 8, 16, 16, 3, 1, 0}));
  EXPECT_TRUE(none({1, 8, 8, 0, 16, 3, 1, 1}));
  EXPECT_FALSE(none({1, 8, 8, 16, 16, 3, 1, 1}));
}

}  // namespace
}  // namespace likewise::kernels::conv_test
