#include "likewise/losses/supcon.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_unique.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {
namespace {

// Every ordered pair (i, p) of equal label: positive against the anchor's other classes.
Tensor apart(const Tensor& x, const Tensor& labels, double c) {
  const Tensor same = (labels.unsqueeze(1) == labels.unsqueeze(0))
                          .logical_and(labels.unsqueeze(1) >= 0)
                          .fill_diagonal_(false);
  const Tensor pairs = same.nonzero();  // [P, 2]
  if (pairs.size(0) == 0) return (x * 0).sum();
  const Tensor i = pairs.select(1, 0), p = pairs.select(1, 1);
  KeyMask mask;
  mask.query_index = mask.key_index = at::arange(x.size(0), labels.options());
  mask.query_group = mask.key_group = labels;
  mask.keep = KeyMask::Keep::kOther;
  const Tensor negatives = similarity_lse(x, x, scalar_like(c, x), mask);  // [N]
  const Tensor positive = (x.index_select(0, i) * x.index_select(0, p)).sum(1) * c;
  return at::softplus(negatives.index_select(0, i) - positive, 1, 50).mean();
}

}  // namespace

Tensor supcon(const Tensor& z, const Tensor& labels, double temperature, SupConForm form) {
  LIKEWISE_CHECK(z.dim() == 2 && labels.numel() == z.size(0), "labels of {} rows", z.size(0));
  if (form == SupConForm::kOut) {
    return info_nce(z, z,
                    {.self = at::arange(z.size(0), labels.options()),
                     .query_group = labels,
                     .key_group = labels},
                    {.temperature = temperature});
  }
  const double c = 1 / temperature;
  const Tensor x = unit_rows(z);  // [N, D]
  if (form == SupConForm::kApart) return apart(x, labels, c);

  const auto [classes, slot] = at::_unique(labels, true, true);
  const Tensor known = labels >= 0;
  const Tensor ones = at::ones({x.size(0)}, x.options());
  const Tensor count = at::zeros({classes.numel()}, x.options())
                           .index_add(0, slot, ones)
                           .index_select(0, slot) - 1;  // |P(i)|
  const Tensor anchor = known.logical_and(count > 0);
  const Tensor anchors = anchor.to(x.scalar_type());
  if (anchor.sum().item<int64_t>() == 0) return (x * 0).sum();

  KeyMask all;
  all.query_index = all.key_index = at::arange(x.size(0), labels.options());
  const Tensor everything = similarity_lse(x, x, scalar_like(c, x), all);  // [N]
  KeyMask own = all;
  own.query_group = own.key_group = labels;
  own.keep = KeyMask::Keep::kSame;
  const Tensor positives = similarity_lse(x, x, scalar_like(c, x), own);
  const Tensor each = everything - at::where(anchor, positives, at::zeros_like(positives)) +
                      count.clamp_min(1).log();
  return at::where(anchor, each, at::zeros_like(each)).sum() / anchors.sum();
}

}  // namespace likewise
