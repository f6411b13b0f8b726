#include "likewise/losses/triplet.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <limits>

#include "likewise/base/error.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {
namespace {

constexpr double kFar = std::numeric_limits<double>::infinity();

// Euclidean distances between all rows, or their squares; no gradient where they are 0. [N, N]
Tensor distances(const Tensor& x, bool squared) {
  const Tensor length = x.pow(2).sum(1);  // [N]
  const Tensor square =
      (length.unsqueeze(1) + length.unsqueeze(0) - 2 * at::matmul(x, x.t())).clamp_min(0);
  if (squared) return square;
  const Tensor zero = square <= 0;
  return at::where(zero, at::zeros_like(square), at::where(zero, at::ones_like(square), square).sqrt());
}

struct Pairs {
  Tensor positive, negative;  // bool [N, N]
};

Pairs pairs_of(const Tensor& labels) {
  const Tensor same = (labels.unsqueeze(1) == labels.unsqueeze(0))
                          .logical_and(labels.unsqueeze(1) >= 0);
  Pairs pairs;
  pairs.negative = same.logical_not().fill_diagonal_(false);
  pairs.positive = same.clone().fill_diagonal_(false);
  return pairs;
}

Tensor mean_loss(const Tensor& gap, const TripletOptions& options) {
  if (gap.numel() == 0) return gap.sum();
  const Tensor each = options.soft ? at::softplus(gap) : at::relu(gap + options.margin);
  if (options.mean_of_all || options.soft) return each.mean();
  return each.sum() / (each > 0).sum().clamp_min(1);
}

Tensor gap_of_batch_hard(const Tensor& d, const Pairs& pairs) {
  const Tensor usable = pairs.positive.any(1).logical_and(pairs.negative.any(1)).nonzero().flatten();
  const Tensor rows = d.index_select(0, usable);
  const Tensor far = rows.masked_fill(pairs.positive.index_select(0, usable).logical_not(), -kFar);
  const Tensor near = rows.masked_fill(pairs.negative.index_select(0, usable).logical_not(), kFar);
  if (usable.numel() == 0) return (d * 0).flatten().narrow(0, 0, 0);
  return at::amax(far, {1}) - at::amin(near, {1});
}

}  // namespace

Tensor triplet(const Tensor& z, const Tensor& labels, const TripletOptions& options) {
  LIKEWISE_CHECK(z.dim() == 2 && labels.numel() == z.size(0), "labels of {} rows", z.size(0));
  const Tensor d = distances(options.normalize ? unit_rows(z) : z, options.squared);
  const Pairs pairs = pairs_of(labels);
  if (options.mining == "batch_hard") return mean_loss(gap_of_batch_hard(d, pairs), options);

  const Tensor positions = pairs.positive.nonzero();  // [P, 2]
  const Tensor anchor = positions.select(1, 0);
  const Tensor to_positive = d.masked_select(pairs.positive).unsqueeze(1);  // [P, 1]
  const Tensor to_others = d.index_select(0, anchor);                       // [P, N]
  Tensor chosen = pairs.negative.index_select(0, anchor);                   // bool [P, N]
  if (options.mining == "facenet") {
    const Tensor beyond = chosen.logical_and(to_others > to_positive);
    const Tensor nearest = at::amin(to_others.masked_fill(beyond.logical_not(), kFar), {1});
    const Tensor farthest = at::amax(to_others.masked_fill(chosen.logical_not(), -kFar), {1});
    const Tensor usable = chosen.any(1);
    const Tensor negative = at::where(beyond.any(1), nearest, farthest);
    return mean_loss((to_positive.squeeze(1) - negative).masked_select(usable), options);
  }
  if (options.mining == "semihard") {
    const Tensor ahead = to_others - to_positive;
    chosen = chosen.logical_and(ahead > 0).logical_and(ahead <= options.margin);
  } else if (options.mining != "all") {
    throw UserError("loss.mining is '{}'; it may be all, batch_hard, semihard, facenet",
                    options.mining);
  }
  return mean_loss((to_positive - to_others).masked_select(chosen), options);
}

Tensor triplet_hinge(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                     double margin, bool squared) {
  LIKEWISE_CHECK(anchor.dim() == 2 && anchor.sizes() == positive.sizes() &&
                     anchor.sizes() == negative.sizes(),
                 "anchor, positive and negative [N, D] of one size");
  const auto distance = [&](const Tensor& x) {
    const Tensor square = (anchor - x).pow(2).sum(1);
    if (squared) return square;
    const Tensor zero = square <= 0;
    return at::where(zero, at::zeros_like(square),
                     at::where(zero, at::ones_like(square), square).sqrt());
  };
  return at::relu(distance(positive) - distance(negative) + margin).mean();
}

Tensor contrastive_margin(const Tensor& z, const Tensor& labels,
                          const ContrastiveMarginOptions& options) {
  LIKEWISE_CHECK(z.dim() == 2 && labels.numel() == z.size(0), "labels of {} rows", z.size(0));
  const Tensor x = options.normalize ? unit_rows(z) : z;
  const Tensor square = distances(x, true);
  const Tensor short_of = at::relu(options.margin - distances(x, false));
  const Pairs pairs = pairs_of(labels);
  // Each unordered pair stands twice in the sum.
  const Tensor sum = at::where(pairs.positive, square, at::zeros_like(square)).sum() +
                     at::where(pairs.negative, short_of.pow(2), at::zeros_like(square)).sum();
  const auto n = static_cast<double>(z.size(0));
  return sum / (2 * std::max(1.0, n * (n - 1)));
}

}  // namespace likewise
