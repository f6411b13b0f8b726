#pragma once
// Batch normalisation, a residual and a rectifier in as few passes over memory as they allow:
//   y = max(0, (x - mean) / sqrt(var + eps) * weight + bias + residual)
// and its gradient. Rows [M, C] of float or bf16, a channel's values C apart; sums are in float
// over the rows of one call, which are to be few hundred.

#include <cstdint>

#include "kernels/simd.hpp"

namespace likewise::kernels {

// T: float, or uint16_t for the upper half of a float (bf16, rounded to even).
template <class T>
struct NormReluOps {
  // sum += x - centre, square += (x - centre)^2, over the rows, for each channel.
  void (*moments)(const T* x, int64_t rows, int64_t channels, const float* centre, float* sum,
                  float* square);
  // y = max(0, scale x + shift + residual); residual may be null.
  void (*forward)(const T* x, const T* residual, int64_t rows, int64_t channels, const float* scale,
                  const float* shift, T* y);
  // With g = dy where y > 0, else 0: sum += g, product += g (x - centre). Where there was no
  // residual y may be null: whether it was positive is then seen from scale x + shift.
  void (*sums)(const T* dy, const T* y, const T* x, int64_t rows, int64_t channels,
               const float* scale, const float* shift, const float* centre, float* sum,
               float* product);
  // dx = a g + b x + c; dresidual = g unless it is null.
  void (*backward)(const T* dy, const T* y, const T* x, int64_t rows, int64_t channels,
                   const float* scale, const float* shift, const float* a, const float* b,
                   const float* c, T* dx, T* dresidual);

  // The same without the rectifier: y = scale x + shift + residual, g = dy.
  void (*affine)(const T* x, const T* residual, int64_t rows, int64_t channels, const float* scale,
                 const float* shift, T* y);
  void (*affine_sums)(const T* dy, const T* x, int64_t rows, int64_t channels, const float* centre,
                      float* sum, float* product);
  void (*affine_backward)(const T* dy, const T* x, int64_t rows, int64_t channels, const float* a,
                          const float* b, const float* c, T* dx);
};

template <class T>
const NormReluOps<T>& norm_relu_ops(Simd simd = best_simd());

}  // namespace likewise::kernels
