#include "likewise/losses/prototypical.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>

#include "likewise/base/error.hpp"
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
  const Tensor log_p = at::log_softmax(prototype_logits(support, query, temperature), 1);
  const Tensor target = at::arange(query.size(0), at::TensorOptions(at::kLong).device(query.device()))
                            .repeat_interleave(query.size(1));
  return -log_p.gather(1, target.unsqueeze(1)).mean();
}

}  // namespace likewise
