#include "likewise/losses/alignment_uniformity.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sum.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "likewise/base/error.hpp"

namespace likewise {
namespace {

constexpr int64_t kUniformityTile = 512;

Tensor on_sphere(const Tensor& x) { return x / at::norm(x, 2, {1}, true).clamp_min(1e-12); }

}  // namespace

Tensor alignment(const Tensor& x, const Tensor& y, double alpha) {
  if (x.dim() != 2 || x.sizes() != y.sizes() || x.numel() == 0) {
    throw UserError(
        "alignment compares two views [N, D] of one size, N at least 1; found {} and {} dimensions",
        x.dim(), y.dim());
  }
  const Tensor squares = at::sum((on_sphere(x) - on_sphere(y)).square(), 1);
  return (alpha == 2 ? squares : squares.pow(alpha / 2)).mean();
}

Tensor uniformity(const Tensor& x, double t) {
  if (x.dim() != 2 || x.size(0) < 2) {
    throw UserError("uniformity needs embeddings [N, D] with N at least 2; found {} rows",
                    x.dim() > 0 ? x.size(0) : 0);
  }
  const Tensor z = on_sphere(x);
  const int64_t n = z.size(0);
  Tensor total;  // log of the sum over pairs
  for (int64_t begin = 0; begin < n - 1; begin += kUniformityTile) {
    const int64_t count = std::min(kUniformityTile, n - begin);
    // Rows against themselves and all later rows, then only what lies right of the diagonal.
    const Tensor s = at::matmul(z.narrow(0, begin, count), z.narrow(0, begin, n - begin).t());
    const Tensor later = at::ones(s.sizes(), s.options().dtype(at::kBool)).triu(1);
    const Tensor exponents = ((s - 1) * (2 * t))
                                 .masked_fill(  // -t |x_i - x_j|^2
                                     later.logical_not(), -std::numeric_limits<double>::infinity());
    const Tensor part = at::logsumexp(exponents.reshape({-1}), {0});
    total = total.defined() ? at::logaddexp(total, part) : part;
  }
  const double pairs = 0.5 * static_cast<double>(n) * static_cast<double>(n - 1);
  return total - std::log(pairs);
}

}  // namespace likewise
