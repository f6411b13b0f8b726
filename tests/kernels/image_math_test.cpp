// The vectorised elementary functions against the standard library's in double.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "kernels/image/fast_math.hpp"
#include "kernels/image/noise.hpp"

namespace likewise::kernels {
namespace {

TEST(ImageMath, LogarithmHoldsItsErrorOverAllMagnitudes) {
  for (int exponent = -126; exponent <= 127; ++exponent) {
    for (int step = 0; step < 512; ++step) {
      const float x = std::ldexp(1.0F + static_cast<float>(step) / 512.0F, exponent);
      const double expected = std::log2(static_cast<double>(x));
      ASSERT_NEAR(fast_log2(x), expected, 1e-6 + 1e-7 * std::abs(expected)) << x;
    }
  }
  EXPECT_EQ(fast_log2(1.0F), 0.0F);
}

TEST(ImageMath, PowerOfTwoHoldsItsErrorOverAllMagnitudes) {
  for (int i = -126 * 256; i <= 127 * 256; ++i) {
    const float x = static_cast<float>(i) / 256.0F;
    const double expected = std::exp2(static_cast<double>(x));
    ASSERT_NEAR(fast_exp2(x) / expected, 1.0, 1e-6) << x;
  }
  EXPECT_EQ(fast_exp2(3.0F), 8.0F);
}

TEST(ImageMath, SineHoldsItsErrorOverOneTurn) {
  for (int i = -4096; i <= 4096; ++i) {
    const float x = static_cast<float>(i) / 8192.0F;
    const double expected = std::sin(2.0 * std::numbers::pi * static_cast<double>(x));
    ASSERT_NEAR(fast_sin_turns(x), expected, 1e-6) << x;
  }
}

// Box-Muller in double from the same words of the stream, over every tail of the blocks.
TEST(ImageMath, NoiseEqualsBoxMullerForEveryLength) {
  for (int64_t n : {1, 2, 3, 63, 64, 65, 127, 128, 129, 130, 255, 300}) {
    const std::vector<float> zero(static_cast<size_t>(n), 0.0F);
    std::vector<float> got(static_cast<size_t>(n) + 1, 7.0F);
    Rng rng(5), words(5);
    add_normal(zero.data(), got.data(), n, 1.0F, rng);
    EXPECT_EQ(got.back(), 7.0F) << "wrote beyond " << n;
    for (int64_t begin = 0; begin < n; begin += 128) {
      const int64_t count = std::min(int64_t{128}, n - begin), pairs = (count + 1) / 2;
      for (int64_t i = 0; i < pairs; ++i) {
        const double u = ((words.next_u32() >> 8) + 1) * 0x1.0p-24;
        const double v = (words.next_u32() >> 8) * 0x1.0p-24 - 0.5;
        const double radius = std::sqrt(-2.0 * std::log(u)), angle = 2.0 * std::numbers::pi * v;
        ASSERT_NEAR(got[static_cast<size_t>(begin + i)], radius * std::sin(angle), 2e-3) << n;
        if (pairs + i < count) {
          ASSERT_NEAR(got[static_cast<size_t>(begin + pairs + i)], radius * std::cos(angle), 2e-3);
        }
      }
    }
    EXPECT_EQ(rng.next_u64(), words.next_u64()) << "the stream's position depends on nothing else";
  }
}

}  // namespace
}  // namespace likewise::kernels
