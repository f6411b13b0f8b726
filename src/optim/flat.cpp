#include "optim/flat.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <vector>

#include "kernels/simd.hpp"

namespace likewise::flat {
namespace {

constexpr int64_t kGrain = 1 << 15;  // elements: smaller tensors are not worth a second thread

const Loops& loops() {
  static const Loops& chosen = kernels::best_simd() >= kernels::Simd::kAvx2 && avx2_loops()
                                   ? *avx2_loops()
                                   : portable_loops();
  return chosen;
}

}  // namespace

void momentum(float* w, const float* g, float* v, int64_t n, const MomentumStep& step) {
  at::parallel_for(0, n, kGrain, [&](int64_t begin, int64_t end) {
    loops().momentum(w + begin, g + begin, v + begin, end - begin, step);
  });
}

void adam(float* w, const float* g, float* a, float* b, int64_t n, const AdamStep& step) {
  at::parallel_for(0, n, kGrain, [&](int64_t begin, int64_t end) {
    loops().adam(w + begin, g + begin, a + begin, b + begin, end - begin, step);
  });
}

void average(float* target, const float* online, int64_t n, float momentum) {
  at::parallel_for(0, n, kGrain, [&](int64_t begin, int64_t end) {
    loops().average(target + begin, online + begin, end - begin, momentum);
  });
}

void scale(float* x, int64_t n, float factor) {
  at::parallel_for(0, n, kGrain, [&](int64_t begin, int64_t end) {
    loops().scale(x + begin, end - begin, factor);
  });
}

// Over parts of fixed size, added in order, so that the number of threads does not matter.
template <class Part>
SquareSums add_parts(int64_t n, const Part& part) {
  std::vector<SquareSums> parts(static_cast<size_t>((n + kGrain - 1) / kGrain));
  at::parallel_for(0, static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      parts[static_cast<size_t>(p)] = part(p * kGrain, std::min(kGrain, n - p * kGrain));
    }
  });
  SquareSums total{};
  for (const SquareSums& p : parts) {
    total.gradient += p.gradient;
    total.weight += p.weight;
  }
  return total;
}

double square_sum(const float* g, int64_t n) {
  return add_parts(n,
                   [&](int64_t at, int64_t count) {
                     return SquareSums{loops().square_sum(g + at, count), 0};
                   })
      .gradient;
}

SquareSums square_sums(const float* g, const float* w, float decay, int64_t n) {
  return add_parts(n, [&](int64_t at, int64_t count) {
    return loops().square_sums(g + at, w + at, decay, count);
  });
}

bool is_flat(const Tensor& x) {
  return x.scalar_type() == at::kFloat && x.device().is_cpu() && x.layout() == at::kStrided &&
         x.is_non_overlapping_and_dense();
}

bool same_layout(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return false;
  for (int64_t i = 0; i < a.dim(); ++i) {
    if (a.size(i) > 1 && a.stride(i) != b.stride(i)) return false;
  }
  return true;
}

Tensor in_layout_of(const Tensor& like, const Tensor& x) {
  if (x.layout() == at::kStrided && x.scalar_type() == like.scalar_type() &&
      x.device() == like.device() && same_layout(x, like)) {
    return x;
  }
  Tensor copy = at::empty_like(like);
  copy.copy_(x);
  return copy;
}

}  // namespace likewise::flat
