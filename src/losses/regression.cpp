#include "likewise/losses/regression.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/norm.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "likewise/base/error.hpp"
#include "losses/known_gradient.hpp"

namespace likewise {
namespace {

constexpr double kNormFloor = 1e-8;

// In eight sums, so that the compiler can use vectors without changing any order by itself.
template <class T>
double dot_of(const T* a, const T* b, int64_t n) {
  T sums[8] = {};
  int64_t c = 0;
  for (; c + 8 <= n; c += 8) {
    for (int64_t l = 0; l < 8; ++l) sums[l] += a[c + l] * b[c + l];
  }
  double total = 0;
  for (; c < n; ++c) total += static_cast<double>(a[c]) * static_cast<double>(b[c]);
  for (const T sum : sums) total += static_cast<double>(sum);
  return total;
}

// One pass over the rows: -mean cos, and its gradients where there is room for them.
template <class T>
double fused(const Tensor& p, const Tensor& z, const Tensor& grad_p, const Tensor& grad_z) {
  const int64_t n = p.size(0), d = p.size(1);
  std::vector<double> cosines(static_cast<size_t>(n));
  at::parallel_for(0, n, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T *a = p.data_ptr<T>() + i * d, *b = z.data_ptr<T>() + i * d;
      const double a_norm = std::max(std::sqrt(dot_of(a, a, d)), kNormFloor);
      const double b_norm = std::max(std::sqrt(dot_of(b, b, d)), kNormFloor);
      const double cosine = dot_of(a, b, d) / (a_norm * b_norm);
      cosines[static_cast<size_t>(i)] = cosine;
      // d/da = (b / |b| - cos a / |a|) / |a|; a norm at its floor is a constant.
      const auto gradient = [&](const Tensor& to, const T* x, double x_norm, const T* y,
                                double y_norm) {
        if (!to.defined()) return;
        const double own = x_norm > kNormFloor ? cosine / (x_norm * x_norm) : 0;
        const T of_y = static_cast<T>(-1 / (x_norm * y_norm * static_cast<double>(n)));
        const T of_x = static_cast<T>(own / static_cast<double>(n));
        T* out = to.data_ptr<T>() + i * d;
        for (int64_t c = 0; c < d; ++c) out[c] = of_y * y[c] + of_x * x[c];
      };
      gradient(grad_p, a, a_norm, b, b_norm);
      gradient(grad_z, b, b_norm, a, a_norm);
    }
  });
  double sum = 0;
  for (const double cosine : cosines) sum += cosine;
  return -sum / static_cast<double>(n);
}

}  // namespace

Tensor negative_cosine(const Tensor& p, const Tensor& z) {
  LIKEWISE_CHECK(p.dim() == 2 && p.sizes() == z.sizes(), "prediction and target [N, D]");
  const bool single = p.scalar_type() == at::kFloat,
             known = single || p.scalar_type() == at::kDouble;
  if (!known || p.scalar_type() != z.scalar_type() || !p.device().is_cpu() || p.numel() == 0) {
    const auto unit = [](const Tensor& x) {
      return x / at::norm(x, 2, {1}, true).clamp_min(kNormFloor);
    };
    return -(unit(p) * unit(z)).sum(1).mean();
  }
  Tensor grad_p, grad_z;
  double value = 0;
  const Tensor a = p.detach().contiguous(), b = z.detach().contiguous();
  if (wants_gradient(p)) grad_p = at::empty_like(a);
  if (wants_gradient(z)) grad_z = at::empty_like(b);
  value = single ? fused<float>(a, b, grad_p, grad_z) : fused<double>(a, b, grad_p, grad_z);
  return with_gradient(value, p, grad_p, z, grad_z);
}

}  // namespace likewise
