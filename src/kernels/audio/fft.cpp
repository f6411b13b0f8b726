#include "kernels/audio/fft.hpp"

#include <cmath>
#include <numbers>

#include "kernels/instruction_sets.hpp"
#include "kernels/simd.hpp"
#include "likewise/base/error.hpp"

namespace likewise::kernels {

namespace {

namespace fft_portable {
#include "kernels/audio/fft_body.inc"
}

#if LIKEWISE_HAS_SETS
LIKEWISE_AVX2_BEGIN
namespace fft_avx2 {
#include "kernels/audio/fft_body.inc"
}
LIKEWISE_SET_END
LIKEWISE_AVX512_BEGIN
namespace fft_avx512 {
#include "kernels/audio/fft_body.inc"
}
LIKEWISE_SET_END
#endif

// Fours first: they are the cheapest a point.
std::vector<int64_t> factors_of(int64_t n) {
  std::vector<int64_t> factors;
  while (n % 4 == 0) factors.push_back(4), n /= 4;
  for (int64_t f = 2; f * f <= n; ++f) {
    while (n % f == 0) factors.push_back(f), n /= f;
  }
  if (n > 1) factors.push_back(n);
  return factors;
}

std::vector<float> roots(int64_t n, int64_t count) {
  std::vector<float> out;
  for (int64_t k = 0; k < count; ++k) {
    const double angle = -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
    out.push_back(static_cast<float>(std::cos(angle)));
    out.push_back(static_cast<float>(std::sin(angle)));
  }
  return out;
}

}  // namespace

FftPlan make_fft_plan(int64_t n) {
  if (n < 1) throw UserError("a Fourier transform of length {}; at least 1 is needed", n);
  FftPlan plan;
  plan.n = n;
  plan.complex_n = n % 2 == 0 ? n / 2 : n;
  plan.factors = factors_of(plan.complex_n);
  plan.twiddles = roots(plan.complex_n, plan.complex_n);
  plan.untangle = roots(n, n / 2 + 1);
  return plan;
}

void real_fft(const FftPlan& plan, const float* x, float* re, float* im, float* work, Simd simd) {
  const auto run = [&](auto&& set) {
    set(plan.n, plan.complex_n, plan.factors.data(), static_cast<int64_t>(plan.factors.size()),
        plan.twiddles.data(), plan.untangle.data(), x, re, im, work);
  };
#if LIKEWISE_HAS_SETS
  if (simd == Simd::kAvx512) return run(fft_avx512::real_fft_set);
  if (simd == Simd::kAvx2) return run(fft_avx2::real_fft_set);
#endif
  static_cast<void>(simd);
  run(fft_portable::real_fft_set);
}

void real_dft_slow(const double* x, int64_t n, double* re, double* im) {
  for (int64_t k = 0; k <= n / 2; ++k) {
    re[k] = im[k] = 0;
    for (int64_t t = 0; t < n; ++t) {
      const double angle =
          -2 * std::numbers::pi * static_cast<double>(k * t % n) / static_cast<double>(n);
      re[k] += x[t] * std::cos(angle);
      im[k] += x[t] * std::sin(angle);
    }
  }
}

}  // namespace likewise::kernels
