#include "likewise/losses/alignment_uniformity.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/sum.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {
namespace {

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
  // Over ordered pairs, each unordered one twice: |x_i - x_j|^2 = 2 - 2 s_ij.
  const Tensor z = on_sphere(x);
  KeyMask others;
  others.query_index = others.key_index =
      at::arange(z.size(0), at::TensorOptions(at::kLong).device(z.device()));
  const Tensor rows = similarity_lse(z, z, scalar_like(2 * t, z), others);
  const auto n = static_cast<double>(z.size(0));
  return at::logsumexp(rows, {0}) - 2 * t - std::log(n * (n - 1));
}

}  // namespace likewise
