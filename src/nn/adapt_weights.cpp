#include "likewise/nn/adapt_weights.hpp"

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_pinv.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <array>
#include <cmath>

#include "likewise/base/error.hpp"

namespace likewise {

namespace {

// The side of a square grid of `tokens`, or 0.
int64_t grid_side(int64_t tokens) {
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(tokens))));
  return side * side == tokens ? side : 0;
}

}  // namespace

Tensor resample_positions(const Tensor& embedding, int64_t side, const PositionResampling& how) {
  const int64_t width = embedding.size(2), old = grid_side(embedding.size(1) - 1);
  if (old == 0 || side < 1) {
    throw DataError("a position embedding of {} tokens is not that of a square and a class token",
                    embedding.size(1));
  }
  const Tensor grid =
      embedding.slice(1, 1).to(at::kFloat).reshape({1, old, old, width}).permute({0, 3, 1, 2});
  const std::array<int64_t, 2> size{side, side};
  const at::IntArrayRef to(size);
  const bool align = how.align_corners;
  const double scale = (static_cast<double>(side) + how.offset) / static_cast<double>(old);
  Tensor resized;  // [1, D, side, side]
  if (how.antialias) {
    resized = at::_upsample_bicubic2d_aa(grid, to, align, {}, {});
  } else if (how.offset == 0) {
    resized = at::upsample_bicubic2d(grid, to, align, {}, {});
  } else {
    resized = at::upsample_bicubic2d(grid, to, align, scale, scale);
  }
  const Tensor patches = resized.permute({0, 2, 3, 1}).reshape({1, side * side, width});
  return at::cat({embedding.slice(1, 0, 1).to(at::kFloat), patches}, 1);
}

Tensor resample_patches(const Tensor& weight, int64_t patch) {
  const int64_t old = weight.size(2);
  const std::array<int64_t, 2> size{patch, patch};
  const Tensor basis = at::eye(old * old, at::TensorOptions().dtype(at::kFloat));
  const Tensor resize =  // R^T [old old, patch patch]
      at::_upsample_bicubic2d_aa(basis.view({old * old, 1, old, old}), at::IntArrayRef(size), false,
                                 {}, {})
          .view({old * old, patch * patch});
  const Tensor inverse = at::linalg_pinv(resize.to(at::kDouble), 1e-15);  // [patch patch, old old]
  const Tensor flat = weight.to(at::kDouble).reshape({-1, old * old});
  return at::matmul(flat, inverse.t())
      .reshape({weight.size(0), weight.size(1), patch, patch})
      .to(at::kFloat);
}

Tensor change_channels(const Tensor& weight, int64_t channels) {
  const int64_t old = weight.size(1);
  if (channels == 1) return weight.to(at::kFloat).sum(at::IntArrayRef{1}, /*keepdim=*/true);
  const Tensor repeated =
      weight.to(at::kFloat).repeat({1, (channels + old - 1) / old, 1, 1}).slice(1, 0, channels);
  return repeated.mul(static_cast<double>(old) / static_cast<double>(channels));
}

}  // namespace likewise
