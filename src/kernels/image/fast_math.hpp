#pragma once
// Elementary functions as polynomials without branches, so that loops over them are vectorised.

#include <bit>
#include <cstdint>

namespace likewise::kernels {

// log2(x) for normal x > 0, absolute error below 1e-6 + 1e-7 |result|.
// x = 2^e m with m in [sqrt(1/2), sqrt(2)); log2 m = 2/ln 2 artanh((m - 1)/(m + 1)), as a series.
inline float fast_log2(float x) {
  const auto bits = std::bit_cast<int32_t>(x);
  const int32_t exponent = (bits - 0x3F3504F3) >> 23;
  const float m = std::bit_cast<float>(bits - exponent * (1 << 23));
  const float t = (m - 1.0F) / (m + 1.0F), s = t * t;
  const float series = 1.0F + s * (0.33333333F + s * (0.2F + s * (0.14285714F + s * 0.11111111F)));
  return static_cast<float>(exponent) + 2.88539008F * t * series;
}

// 2^x for x in [-126, 127], relative error below 1e-6: 2^round(x) times the series of
// exp(ln 2 (x - round(x))).
inline float fast_exp2(float x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
  const float whole = (x + kRound) - kRound;
  const float f = (x - whole) * 0.69314718F;
  const float series =
      1.0F +
      f * (1.0F + f * (0.5F + f * (0.16666667F +
                                   f * (0.041666667F + f * (0.0083333333F + f * 0.0013888889F)))));
  return std::bit_cast<float>(std::bit_cast<int32_t>(series) +
                              static_cast<int32_t>(whole) * (1 << 23));
}

// sin(2 pi x) for x in [-1/2, 1/2], absolute error below 1e-6: folded to [-1/4, 1/4], then odd
// Taylor terms of the angle.
inline float fast_sin_turns(float x) {
  const float folded = x > 0.25F ? 0.5F - x : (x < -0.25F ? -0.5F - x : x);
  const float a = 6.28318531F * folded, s = a * a;
  return a * (1.0F + s * (-0.16666667F +
                          s * (0.0083333333F +
                               s * (-1.9841270e-4F + s * (2.7557319e-6F + s * -2.5052108e-8F)))));
}

}  // namespace likewise::kernels
