#include "kernels/image/noise.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/vectorise.hpp"

LIKEWISE_VECTORISE_BEGIN
// Inside, because functions are only inlined into those of equal options.
#include "kernels/image/fast_math.hpp"

namespace likewise::kernels {

void add_normal(const float* in, float* out, int64_t n, float sigma, Rng& rng) {
  constexpr int64_t kHalf = 64;  // pairs a block; separate loops keep all but the draws vectorised
  constexpr float kUnit = 0x1.0p-24F;
  float u[kHalf], v[kHalf], radius[kHalf], normal[2 * kHalf];
  for (int64_t begin = 0; begin < n; begin += 2 * kHalf) {
    const int64_t count = std::min(2 * kHalf, n - begin), pairs = (count + 1) / 2;
    for (int64_t i = 0; i < pairs; ++i) {
      u[i] = static_cast<float>((rng.next_u32() >> 8) + 1) * kUnit;   // (0, 1]
      v[i] = static_cast<float>(rng.next_u32() >> 8) * kUnit - 0.5F;  // [-1/2, 1/2)
    }
    for (int64_t i = pairs; i < kHalf; ++i) u[i] = v[i] = 0.5F;
    // -2 ln u = -2 ln 2 log2 u, not below zero where the polynomial errs around u = 1
    for (int64_t i = 0; i < kHalf; ++i) {
      const float squared = -1.38629436F * fast_log2(u[i]);
      radius[i] = squared > 0.0F ? squared : 0.0F;
    }
    for (int64_t i = 0; i < kHalf; ++i) radius[i] = sigma * std::sqrt(radius[i]);
    for (int64_t i = 0; i < kHalf; ++i) normal[i] = radius[i] * fast_sin_turns(v[i]);
    for (int64_t i = 0; i < kHalf; ++i) {  // cosine: a quarter turn on, back into [-1/2, 1/2]
      const float ahead = v[i] + 0.25F;
      normal[kHalf + i] = radius[i] * fast_sin_turns(ahead > 0.5F ? ahead - 1.0F : ahead);
    }
    // The second halves of the pairs come after the first ones, wherever the block ends.
    for (int64_t i = 0; i < pairs; ++i) out[begin + i] = in[begin + i] + normal[i];
    for (int64_t i = pairs; i < count; ++i) {
      out[begin + i] = in[begin + i] + normal[kHalf + i - pairs];
    }
  }
}

}  // namespace likewise::kernels

LIKEWISE_VECTORISE_END
