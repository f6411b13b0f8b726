#pragma once
// Loops over the memory of float tensors, several operations in one pass.

#include <cstdint>

#include "likewise/tensor.hpp"

namespace likewise::flat {

// u = gain (g + decay w);  v = momentum v + fresh u;  w -= rate (nesterov ? u + momentum v : v)
struct MomentumStep {
  float decay, gain, momentum, fresh, rate;
  bool nesterov;
};

// w *= keep;  u = g + decay w;  a = beta1 a + (1 - beta1) u;  b = beta2 b + (1 - beta2) u^2;
// w -= rate a / (root sqrt(b) + eps)
struct AdamStep {
  float keep, decay, beta1, beta2, rate, root, eps;
};

struct SquareSums {
  double gradient, weight;  // of g + decay w, and of w
};

struct Loops {
  void (*momentum)(float* w, const float* g, float* v, int64_t n, const MomentumStep& step);
  void (*adam)(float* w, const float* g, float* a, float* b, int64_t n, const AdamStep& step);
  void (*average)(float* target, const float* online, int64_t n, float momentum);
  void (*scale)(float* x, int64_t n, float factor);
  double (*square_sum)(const float* g, int64_t n);
  SquareSums (*square_sums)(const float* g, const float* w, float decay, int64_t n);
};

const Loops& portable_loops();
const Loops* avx2_loops();  // null where the compiler or the processor has no AVX2 and FMA

// The loops in use, on several threads. Results do not depend on their number.
void momentum(float* w, const float* g, float* v, int64_t n, const MomentumStep& step);
void adam(float* w, const float* g, float* a, float* b, int64_t n, const AdamStep& step);
void average(float* target, const float* online, int64_t n, float momentum);
void scale(float* x, int64_t n, float factor);
double square_sum(const float* g, int64_t n);
SquareSums square_sums(const float* g, const float* w, float decay, int64_t n);

// Whether a tensor's elements fill its memory and are float32 on the processor.
bool is_flat(const Tensor& x);
// Whether element i of both memories is the same index.
bool same_layout(const Tensor& a, const Tensor& b);
// `x` itself, or a copy of it in the layout and type of `like`.
Tensor in_layout_of(const Tensor& like, const Tensor& x);

}  // namespace likewise::flat
