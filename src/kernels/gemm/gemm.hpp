#pragma once
// Matrix products of floats and doubles at the machine's speed, whichever BLAS is installed.

#include <cstdint>
#include <functional>

#include "kernels/simd.hpp"

namespace likewise::kernels {

// Element (i, j) is at[i * step + j], or at[j * step + i] when transposed.
template <class T>
struct MatrixOf {
  const T* at;
  int64_t step;
  bool transposed = false;
};
using MatrixView = MatrixOf<float>;

// Runs body(begin, end) over a partition of [0, count).
using GemmForEach = std::function<void(int64_t, const std::function<void(int64_t, int64_t)>&)>;

// c (m rows, c_step apart, of n) = a b, or c + a b if `add`; a is m x k, b is k x n. Every sum runs
// over k in order with fused multiply-adds (where the processor has them), so that an element
// depends on its row and its column only: not on m, n, `parts` or its place. k = 0 gives zeros.
// `parts`: about how many pieces of work to make for `for_each` (the number of threads).
template <class T>
void gemm(int64_t m, int64_t n, int64_t k, MatrixOf<T> a, MatrixOf<T> b, T* c, int64_t c_step,
          bool add, int64_t parts, const GemmForEach& for_each, Simd simd = best_simd());

// On the calling thread.
template <class T>
void gemm(int64_t m, int64_t n, int64_t k, MatrixOf<T> a, MatrixOf<T> b, T* c, int64_t c_step,
          bool add = false, Simd simd = best_simd());

}  // namespace likewise::kernels
