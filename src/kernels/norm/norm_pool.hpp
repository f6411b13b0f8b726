#pragma once
// Batch normalisation, a rectifier and the largest of 2 x 2 pixels in as few passes as they allow:
//   y = max(0, max over the cell of scale x + shift)
// and its gradient, which goes to the first pixel of the cell that holds the largest value and
// finds it again from x instead of remembering it. Floats, pixels of C channels side by side, C a
// multiple of 16.

#include <cstdint>

#include "kernels/simd.hpp"

namespace likewise::kernels {

// A row of cells: pixels x and x + width * channels; the last of an odd width belong to no cell.
struct PoolRow {
  int64_t width, channels;
  const float *scale, *shift;  // [channels]
};

struct NormPoolOps {
  // y [width / 2, channels].
  void (*forward)(const PoolRow& row, const float* x, float* y);
  // With g = dy where y > 0, else 0, and x* the pixel of the largest value:
  // sum += g, product += g (x* - centre).
  void (*sums)(const PoolRow& row, const float* dy, const float* x, const float* centre, float* sum,
               float* product);
  // dx = a g + b x + c, with g = 0 but at x*.
  void (*backward)(const PoolRow& row, const float* dy, const float* x, const float* a,
                   const float* b, const float* c, float* dx);
  // dx = b x + c: pixels of no cell.
  void (*outside)(const float* x, int64_t pixels, int64_t channels, const float* b, const float* c,
                  float* dx);
};

const NormPoolOps& norm_pool_ops(Simd simd = best_simd());

}  // namespace likewise::kernels
