#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "likewise/losses/contrastive.hpp"

namespace likewise {
namespace {

Tensor directions(const Tensor& x) { return x / at::norm(x, 2, {1}, true).clamp_min(1e-12); }

}  // namespace

Tensor info_nce_plain(const Tensor& q, const Tensor& k, const InfoNcePairs& pairs,
                      const InfoNceOptions& options, const Tensor& log_inverse_temperature) {
  const int64_t n = q.size(0), m = k.size(0);
  const auto booleans = q.options().dtype(at::kBool);
  const Tensor columns = at::arange(m, q.options().dtype(at::kLong)).unsqueeze(0);
  const auto at_index = [&](const Tensor& index) {  // [N, M], true where the key is the index
    return index.defined() ? columns == index.to(q.device()).unsqueeze(1)
                           : at::zeros({n, m}, booleans);
  };
  const bool beside = pairs.positive_key.defined(), grouped = pairs.query_group.defined();
  Tensor index = pairs.positive;
  if (!index.defined() && !beside && !(grouped && pairs.groups_attract)) index = columns[0];
  const Tensor self = at_index(pairs.self), own = at_index(index);
  Tensor same = at::zeros({n, m}, booleans);
  if (grouped) {
    const Tensor group = pairs.query_group.to(q.device()).unsqueeze(1);
    same = (group == pairs.key_group.to(q.device()).unsqueeze(0)) & (group >= 0) & ~self;
  }
  const Tensor positives = pairs.groups_attract ? own | same : own;
  Tensor allowed = ~self | own;
  if (options.decoupled) {
    allowed = allowed & ~positives & ~same;
  } else if (!pairs.groups_attract) {
    allowed = allowed & (~same | own);
  }
  const bool own_in_denominator = beside && !options.decoupled;
  const Tensor count = positives.sum(1) + (beside ? 1 : 0);  // [N]
  const Tensor counts = (count > 0) & (allowed.any(1) | own_in_denominator);
  const Tensor rows = counts.nonzero().squeeze(1);

  const auto scaled = [&](const Tensor& x) {
    return log_inverse_temperature.defined()
               ? x * log_inverse_temperature.reshape({}).exp().clamp_max(100).to(x.scalar_type())
               : x / options.temperature;
  };
  const auto placed = [&](const Tensor& x) { return options.normalize ? directions(x) : x; };
  const Tensor x = placed(q).index_select(0, rows);
  const Tensor s = at::matmul(x, placed(k).t());  // [counted, M]
  Tensor total = at::sum(s * positives.index_select(0, rows), 1);
  Tensor exponents = scaled(s);
  if (pairs.key_log_weight.defined()) {
    exponents = exponents + pairs.key_log_weight.to(s.options()).unsqueeze(0);
  }
  exponents = exponents.masked_fill(~allowed.index_select(0, rows),
                                    -std::numeric_limits<double>::infinity());
  if (beside) {
    const Tensor similarity = at::sum(x * placed(pairs.positive_key).index_select(0, rows), 1);
    total = total + similarity;
    if (own_in_denominator) exponents = at::cat({exponents, scaled(similarity).unsqueeze(1)}, 1);
  }
  if (rows.size(0) == 0) return exponents.sum();  // 0, still a function of the inputs
  const Tensor mean = scaled(total / count.index_select(0, rows));
  return (at::logsumexp(exponents, {1}) - mean).mean();
}

}  // namespace likewise
