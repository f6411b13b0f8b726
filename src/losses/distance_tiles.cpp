#include "losses/distance_tiles.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "nn/product.hpp"

namespace likewise {
namespace {

constexpr int64_t kDistances = 1 << 18;  // of a tile: a few megabytes with what is made of them

}  // namespace

DistanceTiles::DistanceTiles(const Tensor& x, const Tensor& labels, bool squared,
                             bool with_gradient)
    : x_(x.detach().contiguous()),
      length_(x_.pow(2).sum(1)),
      labels_(labels),
      squared_(squared),
      rows_(std::clamp<int64_t>(kDistances / std::max<int64_t>(1, x.size(0)), 1,
                                std::max<int64_t>(1, x.size(0)))) {
  if (with_gradient) gradient_ = at::zeros_like(x_);
}

DistanceTiles::Tile DistanceTiles::tile(int64_t first) const {
  Tile out;
  out.first = first;
  out.count = std::min(rows_, x_.size(0) - first);
  out.square = detail::mm(x_.narrow(0, first, out.count), x_.t())
                   .mul_(-2)
                   .add_(length_.narrow(0, first, out.count).unsqueeze(1))
                   .add_(length_.unsqueeze(0))
                   .clamp_min_(0);
  out.distance = squared_ ? out.square : out.square.sqrt();
  const Tensor own = labels_.narrow(0, first, out.count).unsqueeze(1);
  out.positive = (own == labels_.unsqueeze(0)).logical_and_(own >= 0);
  out.negative = out.positive.logical_not();
  for (const Tensor& mask : {out.positive, out.negative}) {
    mask.diagonal(first).narrow(0, 0, out.count).fill_(false);
  }
  return out;
}

void DistanceTiles::add(const Tile& tile, Tensor slope) {
  // By the square: d' = 1 / (2 d), times 2 (x_i - x_j).
  if (squared_) {
    slope.mul_(2);
  } else {
    slope.div_(tile.distance).masked_fill_(tile.square <= 0, 0);
  }
  const Tensor own = x_.narrow(0, tile.first, tile.count);
  gradient_.narrow(0, tile.first, tile.count)
      .add_(slope.sum(1).unsqueeze(1) * own - detail::mm(slope, x_));
  gradient_.add_(slope.sum(0).unsqueeze(1) * x_).sub_(detail::mm(slope.t(), own));
}

Tensor DistanceTiles::gradient(double factor) const {
  return gradient_.defined() ? gradient_ * factor : Tensor();
}

}  // namespace likewise
