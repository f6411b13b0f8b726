#pragma once
// NT-Xent's value and gradient in O(N D) memory: tiles of the similarity matrix that live in cache.

#include <cstdint>
#include <functional>

#include "kernels/simd.hpp"

namespace likewise::kernels {

// Runs body(begin, end) over a partition of [0, count); how it is partitioned never shows in the
// result. at::parallel_for, or serial_for below.
using ForEach = std::function<void(int64_t, const std::function<void(int64_t, int64_t)>&)>;
void serial_for(int64_t count, const std::function<void(int64_t, int64_t)>& body);

// Rows i of z0 and of z1 are the two views of sample i. With x the rows of both (divided by their
// norms if `normalize`), s_ij = x_i . x_j, p(i) the other view of i, and c = scale = 1 /
// temperature:
//   l_i = -c s_ip + log sum_{j != i} exp(c s_ij)                              NT-Xent
//   l_i = -w_i c s_ip + log sum_{j not in {i, p(i)}} exp(c s_ij)              decoupled
// w_i = 1, or 2 - n softmax_i(s_ip / sigma), a constant for the gradient, if sigma > 0.
// With `across`, j runs over the rows of the other view only: CLIP's loss, both directions.
struct NtXentProblem {
  const float* z0;  // n * d, row-major
  const float* z1;  // n * d
  int64_t n, d;     // n >= 1 (>= 2 when decoupled), d >= 1
  float scale;      // > 0
  bool normalize = true;
  bool decoupled = false;
  double sigma = 0;
  bool across = false;
};

struct NtXentValue {
  double loss;            // mean over the 2 n anchors
  double scale_gradient;  // d loss / d scale; 0 when no gradient was asked for
};

// grad0, grad1: n * d, both null or both given. Scratch memory: 2 n d floats (n d without
// gradient), a few arrays of 2 n and about (200 + d) * 800 bytes a thread.
NtXentValue nt_xent(const NtXentProblem& problem, float* grad0, float* grad1,
                    const ForEach& for_each = serial_for, Simd simd = best_simd());

}  // namespace likewise::kernels
