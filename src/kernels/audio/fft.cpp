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

int64_t inverse_work(const FftPlan& plan) {
  return (4 * plan.complex_n + 2 * (plan.n / 2 + 1)) * kFftLanes;
}

// With h[k] = Re X[k] - Im X[k] for all k, n x[t] = sum_k h[k] (cos + sin)(2 pi k t / n): the sums
// of sines over the even part and of cosines over the odd one vanish. That is Re H - Im H of the
// forward transform H of the real h.
void real_inverse_fft(const FftPlan& plan, const float* re, const float* im, float* x, float* work,
                      Simd simd) {
  const int64_t n = plan.n, lanes = kFftLanes;
  float* there = work + 4 * plan.complex_n * lanes;
  float* turned = there + (n / 2 + 1) * lanes;
  for (int64_t k = 0; k <= n / 2; ++k) {
    const float *a = re + k * lanes, *b = im + k * lanes;
    const bool alone = k == 0 || 2 * k == n;
    float *up = x + k * lanes, *down = x + (n - k) * lanes;
    for (int64_t l = 0; l < lanes; ++l) up[l] = alone ? a[l] : a[l] - b[l];
    if (alone) continue;
    for (int64_t l = 0; l < lanes; ++l) down[l] = a[l] + b[l];
  }
  real_fft(plan, x, there, turned, work, simd);
  const float scale = 1 / static_cast<float>(n);
  for (int64_t t = 0; t <= n / 2; ++t) {
    const float *a = there + t * lanes, *b = turned + t * lanes;
    for (int64_t l = 0; l < lanes; ++l) x[t * lanes + l] = (a[l] - b[l]) * scale;
    if (t == 0 || 2 * t == n) continue;
    for (int64_t l = 0; l < lanes; ++l) x[(n - t) * lanes + l] = (a[l] + b[l]) * scale;
  }
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
