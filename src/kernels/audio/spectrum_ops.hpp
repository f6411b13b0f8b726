#pragma once
// What a spectrogram needs besides the Fourier transform, sixteen frames side by side. Torch-free.

#include <cstdint>

#include "kernels/simd.hpp"

namespace likewise::kernels {

struct SpectrumOps {
  // out[i, l] = wave[l hop + i] window[i] for l < 16, i < n: [n, lanes].
  void (*pack)(const float* wave, int64_t hop, int64_t n, const float* window, float* out);
  // out[i] = re[i]^2 + im[i]^2; out may be re.
  void (*energy)(const float* re, const float* im, int64_t count, float* out);
  // sum[l] = sum_k weights[k] x[k, l].
  void (*weigh)(const float* x, const float* weights, int64_t count, float* sum);
  // x <- scale log2(max(x^power + add, least)) for power 1 or 2 (see fast_log2); gives the largest.
  float (*log)(float* x, int64_t count, int64_t power, float add, float least, float scale);
};

const SpectrumOps& spectrum_ops(Simd simd = best_simd());

}  // namespace likewise::kernels
