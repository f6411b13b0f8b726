#include "likewise/nn/vit.hpp"

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/zeros.h>
#include <torch/version.h>

#include <array>
#include <cmath>

#include "likewise/base/error.hpp"
#include "nn/product.hpp"

#if TORCH_VERSION_MAJOR >= 2
#include <ATen/ops/scaled_dot_product_attention.h>
#endif

namespace likewise {

namespace {
constexpr double kTokenDeviation = 0.02;

// softmax(q k^T / sqrt(d)) v for q, k, v [N, heads, L, d].
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v) {
#if TORCH_VERSION_MAJOR >= 2
  return at::scaled_dot_product_attention(q, k, v);  // tiled: no L x L matrix in memory
#else
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
  const Tensor shares = detail::batched_product(q * scale, k.transpose(-2, -1)).softmax(-1);
  return detail::batched_product(shares, v);
#endif
}
}  // namespace

Attention::Attention(int64_t width, int64_t heads) : heads_(heads) {
  qkv_ = register_module("qkv", std::make_shared<Linear>(width, 3 * width, true, kTokenDeviation));
  proj_ = register_module("proj", std::make_shared<Linear>(width, width, true, kTokenDeviation));
}

Tensor Attention::forward(const Tensor& x) {
  const int64_t n = x.size(0), length = x.size(1), width = x.size(2);
  const Tensor qkv = qkv_->forward(x)
                         .view({n, length, 3, heads_, width / heads_})
                         .permute({2, 0, 3, 1, 4});  // [3, N, heads, L, d]
  const Tensor mixed = attend(qkv.select(0, 0), qkv.select(0, 1), qkv.select(0, 2));
  detail::MultiplyAddCounter::add(2 * n * length * length * width);
  return proj_->forward(mixed.transpose(1, 2).reshape({n, length, width}));
}

TransformerBlock::TransformerBlock(int64_t width, int64_t heads, int64_t mlp_width) {
  norm1_ = register_module("norm1", std::make_shared<LayerNorm>(width));
  attn_ = register_module("attn", std::make_shared<Attention>(width, heads));
  norm2_ = register_module("norm2", std::make_shared<LayerNorm>(width));
  auto mlp = register_module("mlp", std::make_shared<torch::nn::Module>());
  const double deviation = kTokenDeviation;
  fc1_ = mlp->register_module("fc1", std::make_shared<Linear>(width, mlp_width, true, deviation));
  fc2_ = mlp->register_module("fc2", std::make_shared<Linear>(mlp_width, width, true, deviation));
}

Tensor TransformerBlock::forward(const Tensor& x) {
  const Tensor y = x + attn_->forward(norm1_->forward(x));
  return y + fc2_->forward(at::gelu(fc1_->forward(norm2_->forward(y))));
}

VisionTransformer::VisionTransformer(const VitOptions& options) : options_(options) {
  if (options.patch < 1 || options.image_size % options.patch != 0) {
    throw UserError("encoder.patch is {}, but must divide the image size {}", options.patch,
                    options.image_size);
  }
  if (options.heads < 1 || options.width % options.heads != 0) {
    throw UserError("encoder.width is {}, but must be a multiple of the {} attention heads",
                    options.width, options.heads);
  }
  const int64_t side = options.image_size / options.patch, width = options.width;
  cls_token_ = register_parameter("cls_token", at::zeros({1, 1, width}));
  pos_embed_ = register_parameter("pos_embed", at::zeros({1, 1 + side * side, width}));
  auto patch_embed = register_module("patch_embed", std::make_shared<torch::nn::Module>());
  const Conv2dOptions projection{
      .kernel = options.patch, .stride = options.patch, .bias = true, .rectified = false};
  proj_ = patch_embed->register_module(
      "proj", std::make_shared<Conv2d>(options.channels, width, projection));
  auto blocks = register_module("blocks", std::make_shared<torch::nn::Module>());
  for (int64_t i = 0; i < options.depth; ++i) {
    blocks_.push_back(
        std::make_shared<TransformerBlock>(width, options.heads, width * options.mlp_ratio));
    blocks->register_module(std::to_string(i), blocks_.back());
  }
  norm_ = register_module(options.average_pool ? "fc_norm" : "norm",
                          std::make_shared<LayerNorm>(width));
}

Tensor VisionTransformer::position(int64_t rows, int64_t columns) const {
  const int64_t side = options_.image_size / options_.patch;
  if (rows == side && columns == side) return pos_embed_;
  const Tensor grid = pos_embed_.slice(1, 1)
                          .to(at::kFloat)
                          .reshape({1, side, side, options_.width})
                          .permute({0, 3, 1, 2});
  const std::array<int64_t, 2> size{rows, columns};
  const Tensor resampled =
      at::_upsample_bicubic2d_aa(grid, at::IntArrayRef(size), /*align_corners=*/false, {}, {})
          .permute({0, 2, 3, 1})
          .reshape({1, rows * columns, options_.width})
          .to(pos_embed_.scalar_type());
  return at::cat({pos_embed_.slice(1, 0, 1), resampled}, 1);
}

Tensor VisionTransformer::tokens(const Tensor& x) {
  if (x.size(2) % options_.patch != 0 || x.size(3) % options_.patch != 0) {
    throw UserError(
        "a vision transformer with patches of {} pixels was given {} x {} pixels; both "
        "must be multiples of the patch",
        options_.patch, x.size(2), x.size(3));
  }
  const Tensor map = proj_->forward(x);                   // [N, D, H / p, W / p]
  const Tensor patches = map.flatten(2).transpose(1, 2);  // [N, L, D]
  const Tensor first = cls_token_.to(patches.scalar_type()).expand({x.size(0), -1, -1});
  Tensor y = at::cat({first, patches}, 1) + position(map.size(2), map.size(3));
  for (const auto& block : blocks_) y = block->forward(y);
  return options_.average_pool ? y : norm_->forward(y);
}

Tensor VisionTransformer::pool(const Tensor& tokens) {
  return options_.average_pool ? norm_->forward(tokens.slice(1, 1).mean(1)) : tokens.select(1, 0);
}

Tensor VisionTransformer::forward(const Tensor& x) { return pool(tokens(x)); }

}  // namespace likewise
