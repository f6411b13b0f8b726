#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>

#include <algorithm>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"
#include "likewise/eval/map.hpp"

namespace likewise {

Tensor pca(const Tensor& x, int64_t k) {
  if (x.dim() != 2) throw UserError("pca: x has {} dimensions; [N, D] is expected", x.dim());
  const int64_t n = x.size(0), d = x.size(1);
  if (k < 1 || k > std::min(n, d)) {
    throw UserError("pca: {} components of x [{}, {}]; 1 to {} are there", k, n, d, std::min(n, d));
  }
  const at::ScalarType type = x.is_floating_point() ? x.scalar_type() : at::kFloat;
  const Tensor wide = x.detach().to(at::kDouble);
  const Tensor centred = wide - wide.mean(0, true);
  // The smaller of X'X and XX' has the same non-zero spectrum.
  const bool by_features = d <= n;
  const Tensor gram =
      by_features ? eval_detail::mm(centred.t(), centred) : eval_detail::mm(centred, centred.t());
  const Tensor vectors =
      std::get<1>(at::linalg_eigh(gram)).slice(1, std::min(n, d) - k).flip(1);  // largest first
  // Any positive multiple of a direction has its sign.
  const Tensor directions =
      by_features ? vectors : eval_detail::mm(centred.t(), vectors);           // [D, k]
  const Tensor peak = directions.gather(0, directions.abs().argmax(0, true));  // [1, k]
  const Tensor signs = at::where(peak < 0, -at::ones_like(peak), at::ones_like(peak));
  Tensor out;
  if (by_features) {
    out = eval_detail::mm(centred, vectors);
  } else {
    // X v = u sigma; the projection gives sigma its value without a division.
    out = vectors * directions.norm(2, {0}, true);
  }
  return (out * signs).to(type);
}

}  // namespace likewise
