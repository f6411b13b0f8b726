#pragma once
// What the processor can do at most: the ceiling that other figures are compared with.

#include <cstdint>

#include "kernels/simd.hpp"

namespace likewise::kernels {

// Independent multiply-adds in registers, `rounds` rounds on the calling thread. Returns the
// floating-point operations done (two a multiply-add).
double multiply_add_burst(int64_t rounds, Simd simd = best_simd());

// a[i] = 0.5 a[i] + b[i]: reads two arrays, writes one. Returns the bytes moved.
double triad(float* a, const float* b, int64_t n);

}  // namespace likewise::kernels
