#pragma once
// What the processor can do at most: the ceiling that other figures are compared with.

#include <cstdint>

namespace likewise::kernels {

// Independent multiply-adds in registers, `rounds` rounds on the calling thread, with the widest
// vectors that the processor has, whatever LIKEWISE_SIMD asks for. Returns the floating-point
// operations done (two a multiply-add).
double multiply_add_burst(int64_t rounds);

// a[i] = 0.5 a[i] + b[i]: reads two arrays, writes one. Returns the bytes moved.
double triad(float* a, const float* b, int64_t n);

}  // namespace likewise::kernels
