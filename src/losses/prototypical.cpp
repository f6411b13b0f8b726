#include "likewise/losses/prototypical.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {

Tensor prototype_logits(const Tensor& support, const Tensor& query, double temperature) {
  LIKEWISE_CHECK(support.dim() == 3 && query.dim() == 3 && support.size(0) == query.size(0) &&
                     support.size(2) == query.size(2),
                 "support [W, S, D] and query [W, Q, D]");
  const int64_t width = support.size(2);
  if (temperature > 0) {
    const Tensor rows = unit_rows(support.reshape({-1, width})).reshape(support.sizes());
    return at::matmul(unit_rows(query.reshape({-1, width})), rows.mean(1).t()) / temperature;
  }
  const Tensor q = query.reshape({-1, width}), c = support.mean(1);
  return 2 * at::matmul(q, c.t()) - q.pow(2).sum(1, true) - c.pow(2).sum(1).unsqueeze(0);
}

Tensor prototypical(const Tensor& support, const Tensor& query, double temperature) {
  LIKEWISE_CHECK(support.dim() == 3 && query.dim() == 3 && support.size(0) == query.size(0) &&
                     support.size(2) == query.size(2),
                 "support [W, S, D] and query [W, Q, D]");
  const Tensor target =
      at::arange(query.size(0), at::TensorOptions(at::kLong).device(query.device()))
          .repeat_interleave(query.size(1));
  const int64_t width = support.size(2);
  Tensor q = query.reshape({-1, width}), c;
  if (temperature > 0) {
    q = unit_rows(q);
    c = unit_rows(support.reshape({-1, width})).reshape(support.sizes()).mean(1);
  } else {
    // -|q - c|^2 = 2 (q . c - |c|^2 / 2) - |q|^2, the last the same for all ways: inner products of
    // rows with one more entry, from which any constant may be taken.
    c = support.mean(1);
    const Tensor half = c.pow(2).sum(1, true) / 2;
    q = at::cat({q, at::ones({q.size(0), 1}, q.options())}, 1);
    c = at::cat({c, half.mean().detach() - half}, 1);
  }
  return info_nce(q, c, {.positive = target},
                  {.temperature = temperature > 0 ? temperature : 0.5, .normalize = false});
}

}  // namespace likewise
