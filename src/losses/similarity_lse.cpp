#include "likewise/losses/similarity_lse.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>

#include "likewise/base/error.hpp"
#include "nn/product.hpp"

namespace likewise {
namespace {

constexpr int64_t kTileElements = 1 << 20;
constexpr int64_t kSortedRows = 128;  // of a tile whose queries stand by groups
const double kMinusInfinity = -std::numeric_limits<double>::infinity();

void check(const Tensor& q, const Tensor& k, const Tensor& scales, const KeyMask& mask) {
  const bool shapes = q.defined() && k.defined() && q.dim() == 2 && k.dim() == 2 &&
                      q.size(1) == k.size(1) && q.scalar_type() == k.scalar_type() &&
                      q.is_floating_point();
  if (!shapes) throw UserError("similarity_lse compares q [N, D] and k [M, D] of one type");
  LIKEWISE_CHECK(scales.numel() > 0, "similarity_lse without a scale");
  const auto fits = [](const Tensor& ids, const Tensor& rows) {
    return !ids.defined() || (ids.scalar_type() == at::kLong && ids.numel() == rows.size(0));
  };
  LIKEWISE_CHECK(fits(mask.query_index, q) && fits(mask.query_group, q) &&
                     fits(mask.key_index, k) && fits(mask.key_group, k) &&
                     mask.query_index.defined() == mask.key_index.defined() &&
                     mask.query_group.defined() == mask.key_group.defined() &&
                     (mask.keep == KeyMask::Keep::kAll || mask.query_group.defined()),
                 "the mask does not fit {} queries and {} keys", q.size(0), k.size(0));
}

struct RowRange {
  int64_t first = 0, count = 0;
};

// True where a key is left out; undefined when none is.
Tensor left_out(const KeyMask& mask, RowRange queries, RowRange keys) {
  const auto of_queries = [&](const Tensor& ids) {
    return ids.narrow(0, queries.first, queries.count).unsqueeze(1);
  };
  const auto of_keys = [&](const Tensor& ids) {
    return ids.narrow(0, keys.first, keys.count).unsqueeze(0);
  };
  Tensor out;
  if (mask.query_index.defined()) out = of_queries(mask.query_index) == of_keys(mask.key_index);
  if (mask.keep == KeyMask::Keep::kAll) return out;
  const Tensor group = of_queries(mask.query_group);  // [T, 1]
  const Tensor same = (group == of_keys(mask.key_group)).logical_and(group >= 0);
  const Tensor other = mask.keep == KeyMask::Keep::kOther ? same : same.logical_not();
  return out.defined() ? out.logical_or(other) : other;
}

// Similarities of a tile, -infinity where a key is left out. [T, M]
Tensor similarities(const Tensor& q, const Tensor& k, const KeyMask& mask, RowRange queries,
                    RowRange keys) {
  Tensor s = detail::mm(q.narrow(0, queries.first, queries.count),
                        k.narrow(0, keys.first, keys.count).t());
  const Tensor out = left_out(mask, queries, keys);
  if (out.defined()) s.masked_fill_(out, kMinusInfinity);
  return s;
}

// How the rows are worked on. With `sorted`, queries and keys stand in the order of their groups
// and only keys of the query's own group count: few tiles meet.
struct TilePlan {
  TilePlan(const Tensor& k, const KeyMask& mask, bool sorted_by_group)
      : keys{0, k.size(0)},
        rows(sorted_by_group
                 ? kSortedRows
                 : std::clamp<int64_t>(kTileElements / std::max<int64_t>(1, k.size(0)), 16, 2048)),
        sorted(sorted_by_group) {
    if (!sorted) return;
    query_groups = mask.query_group.contiguous();
    key_groups = mask.key_group.contiguous();
  }

  RowRange keys_of(RowRange queries) const {
    if (!sorted) return keys;
    const int64_t* group = query_groups.data_ptr<int64_t>() + queries.first;
    const int64_t* begin = key_groups.data_ptr<int64_t>();
    const int64_t* first =
        std::lower_bound(begin, begin + keys.count, std::max<int64_t>(0, *group));
    const int64_t* last = std::upper_bound(first, begin + keys.count, group[queries.count - 1]);
    return {first - begin, last - first};
  }

  RowRange keys;
  int64_t rows;
  bool sorted;
  Tensor query_groups, key_groups;
};

struct SimilarityLse : torch::autograd::Function<SimilarityLse> {
  // scales [S] -> [S, N]
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& q, const Tensor& k,
                        const Tensor& scales, const KeyMask& mask, bool sorted) {
    const Tensor result = at::full({scales.size(0), q.size(0)}, kMinusInfinity, q.options());
    const TilePlan plan(k, mask, sorted);
    for (int64_t first = 0; first < q.size(0); first += plan.rows) {
      const RowRange queries{first, std::min(plan.rows, q.size(0) - first)};
      const RowRange keys = plan.keys_of(queries);
      if (keys.count == 0) continue;
      const Tensor s = similarities(q, k, mask, queries, keys);
      for (int64_t i = 0; i < scales.size(0); ++i) {
        result[i].narrow(0, first, queries.count).copy_(at::logsumexp(s * scales[i], {1}));
      }
    }
    context->save_for_backward({q, k, scales, result});
    for (const auto& [name, ids] : {std::pair{"qi", mask.query_index},
                                    {"ki", mask.key_index},
                                    {"qg", mask.query_group},
                                    {"kg", mask.key_group}}) {
      if (ids.defined()) context->saved_data[name] = ids;
    }
    context->saved_data["keep"] = static_cast<int64_t>(mask.keep);
    context->saved_data["sorted"] = sorted;
    return result;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &scales = saved[2], &lse = saved[3];
    KeyMask mask;
    const auto ids = [&](const char* name) {
      const auto found = context->saved_data.find(name);
      return found == context->saved_data.end() ? Tensor() : found->second.toTensor();
    };
    mask.query_index = ids("qi");
    mask.key_index = ids("ki");
    mask.query_group = ids("qg");
    mask.key_group = ids("kg");
    mask.keep = static_cast<KeyMask::Keep>(context->saved_data["keep"].toInt());

    const at::NoGradGuard no_grad;
    const Tensor grad_q = at::zeros_like(q);
    Tensor grad_k, grad_scales;
    if (context->needs_input_grad(1)) grad_k = at::zeros_like(k);
    if (context->needs_input_grad(2)) grad_scales = at::zeros_like(scales);
    const TilePlan plan(k, mask, context->saved_data["sorted"].toBool());
    for (int64_t first = 0; first < q.size(0); first += plan.rows) {
      const RowRange queries{first, std::min(plan.rows, q.size(0) - first)};
      const RowRange keys = plan.keys_of(queries);
      if (keys.count == 0) continue;
      const Tensor s = similarities(q, k, mask, queries, keys);
      const Tensor rows = q.narrow(0, first, queries.count);
      const Tensor columns = k.narrow(0, keys.first, keys.count);
      Tensor pull;  // sum over scales of scale P_ij g_i, [T, M]
      for (int64_t i = 0; i < scales.size(0); ++i) {
        const Tensor row = lse[i].narrow(0, first, queries.count).unsqueeze(1);  // [T, 1]
        const Tensor shift = at::where(row.isfinite(), row, at::zeros_like(row));
        // exp(-infinity) is 0 where no key counts.
        Tensor weights = (s * scales[i])
                             .sub_(shift)
                             .exp_()
                             .mul_(upstream[0][i].narrow(0, first, queries.count).unsqueeze(1));
        if (grad_scales.defined()) {
          grad_scales[i].add_(at::sum(detail::mm(weights, columns) * rows));
        }
        weights.mul_(scales[i]);
        pull = pull.defined() ? pull.add_(weights) : weights;
      }
      grad_q.narrow(0, first, queries.count).copy_(detail::mm(pull, columns));
      if (grad_k.defined()) {
        grad_k.narrow(0, keys.first, keys.count).add_(detail::mm(pull.t(), rows));
      }
    }
    return {grad_q, grad_k, grad_scales, Tensor(), Tensor()};
  }
};

// Keys of the own group only: in the order of groups each tile meets the few that matter.
Tensor within_groups(const Tensor& q, const Tensor& k, const Tensor& scales, const KeyMask& mask) {
  const Tensor by_query = mask.query_group.argsort(), by_key = mask.key_group.argsort();
  KeyMask ordered;
  ordered.keep = mask.keep;
  const auto take = [](const Tensor& ids, const Tensor& order) {
    return ids.defined() ? ids.index_select(0, order) : ids;
  };
  ordered.query_index = take(mask.query_index, by_query);
  ordered.key_index = take(mask.key_index, by_key);
  ordered.query_group = take(mask.query_group, by_query);
  ordered.key_group = take(mask.key_group, by_key);
  return SimilarityLse::apply(q.index_select(0, by_query), k.index_select(0, by_key), scales,
                              ordered, true)
      .index_select(1, by_query.argsort());
}

}  // namespace

Tensor similarity_lses(const Tensor& q, const Tensor& k, const Tensor& scales,
                       const KeyMask& mask) {
  check(q, k, scales, mask);
  LIKEWISE_CHECK(scales.dim() == 1, "scales [S], found {} dimensions", scales.dim());
  if (mask.keep == KeyMask::Keep::kSame && q.device().is_cpu() && q.size(0) > 0) {
    return within_groups(q, k, scales, mask);
  }
  return SimilarityLse::apply(q, k, scales, mask, false);
}

Tensor similarity_lse(const Tensor& q, const Tensor& k, const Tensor& scale, const KeyMask& mask) {
  LIKEWISE_CHECK(scale.numel() == 1, "scale has {} elements", scale.numel());
  return similarity_lses(q, k, scale.reshape({1}), mask)[0];
}

Tensor similarity_lse_plain(const Tensor& q, const Tensor& k, const Tensor& scale,
                            const KeyMask& mask) {
  check(q, k, scale, mask);
  Tensor logits = at::matmul(q, k.t()) * scale;  // [N, M]
  const Tensor out = left_out(mask, {0, q.size(0)}, {0, k.size(0)});
  if (out.defined()) logits = logits.masked_fill(out, kMinusInfinity);
  return at::logsumexp(logits, {1});
}

Tensor unit_rows(const Tensor& x) { return x / at::norm(x, 2, {1}, true).clamp_min(1e-12); }

Tensor scalar_like(double value, const Tensor& z) { return at::full({}, value, z.options()); }

Tensor positive_against(const Tensor& positive, const Tensor& negatives) {
  return at::softplus(negatives - positive, 1, 50).mean();
}

}  // namespace likewise
