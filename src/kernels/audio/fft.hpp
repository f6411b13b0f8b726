#pragma once
// Fourier transforms of real frames, sixteen frames side by side. Torch-free.
//
// Lanes instead of one long transform: value k of sixteen frames lies in one vector register or
// two, so that every radix is plain vector arithmetic and nothing is ever shuffled.

#include <cstdint>
#include <vector>

#include "kernels/simd.hpp"

namespace likewise::kernels {

inline constexpr int64_t kFftLanes = 16;

// What a length needs: factors and twiddles. Lengths of small factors are fast; a prime length
// takes O(n^2).
struct FftPlan {
  int64_t n = 0;                 // of the real frame
  int64_t complex_n = 0;         // n / 2 for even n, else n
  std::vector<int64_t> factors;  // of complex_n
  std::vector<float> twiddles;   // re, im of exp(-2 pi i k / complex_n), k < complex_n
  std::vector<float> untangle;   // re, im of exp(-2 pi i k / n), k <= n / 2; even n
};

// Throws UserError for n < 1.
FftPlan make_fft_plan(int64_t n);

// X[k] = sum_t x[t] exp(-2 pi i k t / n), k = 0 ... n / 2, of sixteen frames: x [n, lanes] ->
// re, im [n / 2 + 1, lanes]. `work` holds 4 * complex_n * lanes floats.
void real_fft(const FftPlan& plan, const float* x, float* re, float* im, float* work,
              Simd simd = best_simd());

// Its inverse: x[t] = 1/n sum_k X[k] exp(2 pi i k t / n) of sixteen spectra re, im [n / 2 + 1,
// lanes] of real frames -> x [n, lanes]. What a real frame cannot have (an imaginary part of X[0],
// or of X[n / 2] for even n) is left out. `work` holds inverse_work(plan) floats, enough for
// real_fft, too.
void real_inverse_fft(const FftPlan& plan, const float* re, const float* im, float* x, float* work,
                      Simd simd = best_simd());
int64_t inverse_work(const FftPlan& plan);

// The definition in double, one frame: the slow twin.
void real_dft_slow(const double* x, int64_t n, double* re, double* im);

}  // namespace likewise::kernels
