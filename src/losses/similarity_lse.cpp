#include "likewise/losses/similarity_lse.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>

#include "likewise/base/error.hpp"
#include "nn/product.hpp"

namespace likewise {
namespace {

constexpr int64_t kTileElements = 1 << 20;
const double kMinusInfinity = -std::numeric_limits<double>::infinity();

void check(const Tensor& q, const Tensor& k, const Tensor& scale, const KeyMask& mask) {
  const bool shapes = q.defined() && k.defined() && q.dim() == 2 && k.dim() == 2 &&
                      q.size(1) == k.size(1) && q.scalar_type() == k.scalar_type() &&
                      q.is_floating_point();
  if (!shapes) throw UserError("similarity_lse compares q [N, D] and k [M, D] of one type");
  LIKEWISE_CHECK(scale.numel() == 1, "scale has {} elements", scale.numel());
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

// True where a key is left out, rows [first, first + count); undefined when none is.
Tensor left_out(const KeyMask& mask, int64_t first, int64_t count) {
  Tensor out;
  if (mask.query_index.defined()) {
    out = mask.query_index.narrow(0, first, count).unsqueeze(1) == mask.key_index.unsqueeze(0);
  }
  if (mask.keep == KeyMask::Keep::kAll) return out;
  const Tensor group = mask.query_group.narrow(0, first, count).unsqueeze(1);  // [T, 1]
  const Tensor same = (group == mask.key_group.unsqueeze(0)).logical_and(group >= 0);
  const Tensor other = mask.keep == KeyMask::Keep::kOther ? same : same.logical_not();
  return out.defined() ? out.logical_or(other) : other;
}

// Logits of rows [first, first + count). [T, M]
Tensor tile_logits(const Tensor& q, const Tensor& k, const Tensor& scale, const KeyMask& mask,
                   int64_t first, int64_t count) {
  Tensor logits = detail::mm(q.narrow(0, first, count), k.t()).mul_(scale);
  const Tensor out = left_out(mask, first, count);
  if (out.defined()) logits.masked_fill_(out, kMinusInfinity);
  return logits;
}

int64_t tile_rows(const Tensor& k) {
  return std::clamp<int64_t>(kTileElements / std::max<int64_t>(1, k.size(0)), 16, 2048);
}

struct SimilarityLse : torch::autograd::Function<SimilarityLse> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& q, const Tensor& k,
                        const Tensor& scale, const KeyMask& mask) {
    const Tensor result = at::empty({q.size(0)}, q.options());
    const int64_t tile = tile_rows(k);
    for (int64_t first = 0; first < q.size(0); first += tile) {
      const int64_t count = std::min(tile, q.size(0) - first);
      result.narrow(0, first, count)
          .copy_(at::logsumexp(tile_logits(q, k, scale, mask, first, count), {1}));
    }
    context->save_for_backward({q, k, scale, result});
    for (const auto& [name, ids] : {std::pair{"qi", mask.query_index},
                                    {"ki", mask.key_index},
                                    {"qg", mask.query_group},
                                    {"kg", mask.key_group}}) {
      if (ids.defined()) context->saved_data[name] = ids;
    }
    context->saved_data["keep"] = static_cast<int64_t>(mask.keep);
    return result;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &scale = saved[2], &lse = saved[3];
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
    const Tensor grad_q = at::empty_like(q);
    Tensor grad_k, grad_scale;
    if (context->needs_input_grad(1)) grad_k = at::zeros_like(k);
    if (context->needs_input_grad(2)) grad_scale = at::zeros({}, q.options());
    const int64_t tile = tile_rows(k);
    for (int64_t first = 0; first < q.size(0); first += tile) {
      const int64_t count = std::min(tile, q.size(0) - first);
      const Tensor row = lse.narrow(0, first, count).unsqueeze(1);  // [T, 1]
      const Tensor shift = at::where(row.isfinite(), row, at::zeros_like(row));
      // P_ij g_i: exp(-infinity) is 0 where no key counts.
      const Tensor weights = tile_logits(q, k, scale, mask, first, count)
                                 .sub_(shift)
                                 .exp_()
                                 .mul_(upstream[0].narrow(0, first, count).unsqueeze(1));
      const Tensor pulled = detail::mm(weights, k);  // [T, D]
      const Tensor rows = q.narrow(0, first, count);
      if (grad_scale.defined()) grad_scale.add_(at::sum(pulled * rows));
      grad_q.narrow(0, first, count).copy_(pulled * scale);
      if (grad_k.defined()) grad_k.add_(detail::mm(weights.t(), rows));
    }
    if (grad_k.defined()) grad_k.mul_(scale);
    if (grad_scale.defined()) grad_scale = grad_scale.reshape(scale.sizes());
    return {grad_q, grad_k, grad_scale, Tensor()};
  }
};

}  // namespace

Tensor similarity_lse(const Tensor& q, const Tensor& k, const Tensor& scale, const KeyMask& mask) {
  check(q, k, scale, mask);
  return SimilarityLse::apply(q, k, scale, mask);
}

Tensor similarity_lse_plain(const Tensor& q, const Tensor& k, const Tensor& scale,
                            const KeyMask& mask) {
  check(q, k, scale, mask);
  Tensor logits = at::matmul(q, k.t()) * scale;  // [N, M]
  const Tensor out = left_out(mask, 0, q.size(0));
  if (out.defined()) logits = logits.masked_fill(out, kMinusInfinity);
  return at::logsumexp(logits, {1});
}

Tensor unit_rows(const Tensor& x) { return x / at::norm(x, 2, {1}, true).clamp_min(1e-12); }

Tensor scalar_like(double value, const Tensor& z) { return at::full({}, value, z.options()); }

Tensor positive_against(const Tensor& positive, const Tensor& negatives) {
  return at::softplus(negatives - positive, 1, 50).mean();
}

}  // namespace likewise
