#include "likewise/losses/triplet.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <limits>

#include "likewise/base/error.hpp"
#include "likewise/losses/similarity_lse.hpp"
#include "losses/distance_tiles.hpp"
#include "losses/known_gradient.hpp"

namespace likewise {
namespace {

constexpr double kFar = std::numeric_limits<double>::infinity();
constexpr int64_t kGaps = 1 << 20;  // differences of distances that are held at a time

// The sum over triplets and what it is divided by; slopes are collected in the tile's shape.
class TripletSum {
 public:
  TripletSum(const TripletOptions& options, DistanceTiles& tiles, bool with_gradient)
      : options_(options), tiles_(tiles), with_gradient_(with_gradient) {}

  void add(const DistanceTiles::Tile& tile) {
    if (with_gradient_) slope_ = at::zeros_like(tile.distance);
    options_.mining == "batch_hard" ? hardest(tile) : by_pairs(tile);
    if (with_gradient_) tiles_.add(tile, slope_);
  }

  double divisor() const { return static_cast<double>(std::max<int64_t>(1, count_)); }
  double mean() const { return sum_ / divisor(); }

 private:
  // Takes the loss of gaps d(a, p) - d(a, n), where `chosen`; returns its slopes.
  Tensor take(const Tensor& gap, const Tensor& chosen) {
    const Tensor no = chosen.logical_not();
    const Tensor each =
        (options_.soft ? at::softplus(gap) : at::relu(gap + options_.margin)).masked_fill_(no, 0);
    sum_ += each.sum().item<double>();
    count_ += (options_.mean_of_all || options_.soft ? chosen : each > 0).sum().item<int64_t>();
    if (!with_gradient_) return {};
    return options_.soft ? at::sigmoid(gap).masked_fill_(no, 0) : (each > 0).to(gap.scalar_type());
  }

  void hardest(const DistanceTiles::Tile& tile) {
    const auto [far, p] =
        at::max(tile.distance.masked_fill(tile.positive.logical_not(), -kFar), 1, true);
    const auto [near, n] =
        at::min(tile.distance.masked_fill(tile.negative.logical_not(), kFar), 1, true);
    const Tensor slope = take(far - near, (far > -kFar).logical_and(near < kFar));
    if (!with_gradient_) return;
    slope_.scatter_add_(1, p, slope);
    slope_.scatter_add_(1, n, -slope);
  }

  void by_pairs(const DistanceTiles::Tile& tile) {
    const Tensor pairs = tile.positive.nonzero();  // [P, 2]
    const int64_t width = tile.distance.size(1), most = std::max<int64_t>(1, kGaps / width);
    for (int64_t first = 0; first < pairs.size(0); first += most) {
      const Tensor some = pairs.narrow(0, first, std::min(most, pairs.size(0) - first));
      const Tensor a = some.select(1, 0), p = some.select(1, 1), place = a * width + p;
      const Tensor own = tile.distance.flatten().index_select(0, place).unsqueeze(1);  // [P, 1]
      const Tensor others = tile.distance.index_select(0, a);                          // [P, N]
      Tensor chosen = tile.negative.index_select(0, a);
      if (options_.mining == "facenet") {
        const Tensor beyond = chosen.logical_and(others > own);
        const auto [near, n] = at::min(others.masked_fill(beyond.logical_not(), kFar), 1, true);
        const auto [far, f] = at::max(others.masked_fill(chosen.logical_not(), -kFar), 1, true);
        const Tensor there = near < kFar;
        const Tensor slope = take(own - at::where(there, near, far), far > -kFar);
        if (!with_gradient_) continue;
        const Tensor other = a * width + at::where(there, n, f).squeeze(1);
        slope_.view({-1}).index_add_(0, place, slope.squeeze(1));
        slope_.view({-1}).index_add_(0, other, -slope.squeeze(1));
        continue;
      }
      const Tensor gap = own - others;
      if (options_.mining == "semihard") {
        chosen.logical_and_(gap < 0).logical_and_(gap >= -options_.margin);
      }
      const Tensor slope = take(gap, chosen);
      if (!with_gradient_) continue;
      slope_.view({-1}).index_add_(0, place, slope.sum(1));
      slope_.index_add_(0, a, -slope);
    }
  }

  const TripletOptions& options_;
  DistanceTiles& tiles_;
  bool with_gradient_;
  Tensor slope_;
  double sum_ = 0;
  int64_t count_ = 0;
};

}  // namespace

Tensor triplet(const Tensor& z, const Tensor& labels, const TripletOptions& options) {
  LIKEWISE_CHECK(z.dim() == 2 && labels.numel() == z.size(0), "labels of {} rows", z.size(0));
  const auto minings = {"all", "batch_hard", "semihard", "facenet"};
  if (std::find(minings.begin(), minings.end(), options.mining) == minings.end()) {
    throw UserError("loss.mining is '{}'; it may be all, batch_hard, semihard, facenet",
                    options.mining);
  }
  const Tensor x = options.normalize ? unit_rows(z) : z;
  const bool with = wants_gradient(x);
  DistanceTiles tiles(x, labels, options.squared, with);
  TripletSum sum(options, tiles, with);
  {
    const at::NoGradGuard no_grad;
    for (int64_t first = 0; first < x.size(0); first += tiles.rows()) sum.add(tiles.tile(first));
  }
  return with_gradient(sum.mean(), x, with ? tiles.gradient(1 / sum.divisor()) : Tensor());
}

Tensor triplet_hinge(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                     double margin, bool squared) {
  LIKEWISE_CHECK(
      anchor.dim() == 2 && anchor.sizes() == positive.sizes() && anchor.sizes() == negative.sizes(),
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
  const bool with = wants_gradient(x);
  DistanceTiles tiles(x, labels, false, with);
  double sum = 0;
  {
    const at::NoGradGuard no_grad;
    for (int64_t first = 0; first < x.size(0); first += tiles.rows()) {
      const auto tile = tiles.tile(first);
      const Tensor short_of =
          at::relu(options.margin - tile.distance).masked_fill_(tile.negative.logical_not(), 0);
      const Tensor apart = tile.distance.masked_fill(tile.positive.logical_not(), 0);
      sum += (apart.pow(2).sum() + short_of.pow(2).sum()).item<double>();
      if (with) tiles.add(tile, (apart - short_of).mul_(2));
    }
  }
  // Each unordered pair stands twice in the sum.
  const auto n = static_cast<double>(z.size(0));
  const double factor = 1 / (2 * std::max(1.0, n * (n - 1)));
  return with_gradient(factor * sum, x, with ? tiles.gradient(factor) : Tensor());
}

}  // namespace likewise
