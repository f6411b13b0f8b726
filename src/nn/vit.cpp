#include "likewise/nn/vit.hpp"

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
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
constexpr double kFirstLayerScale = 1e-5;

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

TransformerBlock::TransformerBlock(const VitOptions& o) : quick_gelu_(o.quick_gelu) {
  const int64_t width = o.width, mlp_width = o.width * o.mlp_ratio;
  const auto factors = [&](const char* name) {
    auto scale = register_module(name, std::make_shared<torch::nn::Module>());
    return scale->register_parameter("gamma", at::full({width}, kFirstLayerScale));
  };
  norm1_ = register_module("norm1", std::make_shared<LayerNorm>(width, o.norm_eps));
  attn_ = register_module("attn", std::make_shared<Attention>(width, o.heads));
  if (o.layer_scale) gamma1_ = factors("ls1");
  norm2_ = register_module("norm2", std::make_shared<LayerNorm>(width, o.norm_eps));
  auto mlp = register_module("mlp", std::make_shared<torch::nn::Module>());
  const double deviation = kTokenDeviation;
  fc1_ = mlp->register_module("fc1", std::make_shared<Linear>(width, mlp_width, true, deviation));
  fc2_ = mlp->register_module("fc2", std::make_shared<Linear>(mlp_width, width, true, deviation));
  if (o.layer_scale) gamma2_ = factors("ls2");
}

Tensor TransformerBlock::forward(const Tensor& x) {
  const auto scaled = [](const Tensor& y, const Tensor& gamma) {
    return gamma.defined() ? y * gamma.to(y.scalar_type()) : y;
  };
  const Tensor y = x + scaled(attn_->forward(norm1_->forward(x)), gamma1_);
  const Tensor hidden = fc1_->forward(norm2_->forward(y));
  const Tensor active = quick_gelu_ ? hidden * (hidden * 1.702).sigmoid() : at::gelu(hidden);
  return y + scaled(fc2_->forward(active), gamma2_);
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
  if (options.registers > 0) {
    reg_token_ = register_parameter("reg_token", at::zeros({1, options.registers, width}));
  }
  auto patch_embed = register_module("patch_embed", std::make_shared<torch::nn::Module>());
  const Conv2dOptions patches{.kernel = options.patch,
                              .stride = options.patch,
                              .bias = options.patch_bias,
                              .rectified = false};
  proj_ = patch_embed->register_module("proj",
                                       std::make_shared<Conv2d>(options.channels, width, patches));
  if (options.norm_pre) {
    norm_pre_ = register_module("norm_pre", std::make_shared<LayerNorm>(width, options.norm_eps));
  }
  auto blocks = register_module("blocks", std::make_shared<torch::nn::Module>());
  for (int64_t i = 0; i < options.depth; ++i) {
    blocks_.push_back(std::make_shared<TransformerBlock>(options));
    blocks->register_module(std::to_string(i), blocks_.back());
  }
  norm_ = register_module(options.average_pool ? "fc_norm" : "norm",
                          std::make_shared<LayerNorm>(width, options.norm_eps));
  if (options.projection > 0) {
    projection_ = register_module(
        "projection", std::make_shared<Linear>(width, options.projection, false,
                                               1 / std::sqrt(static_cast<double>(width))));
  }
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
  if (reg_token_.defined()) {
    const Tensor registers = reg_token_.to(y.scalar_type()).expand({x.size(0), -1, -1});
    y = at::cat({y.slice(1, 0, 1), registers, y.slice(1, 1)}, 1);
  }
  if (norm_pre_) y = norm_pre_->forward(y);
  for (const auto& block : blocks_) y = block->forward(y);
  return options_.average_pool ? y : norm_->forward(y);
}

Tensor VisionTransformer::pool(const Tensor& tokens) {
  const Tensor pooled = options_.average_pool
                            ? norm_->forward(tokens.slice(1, 1 + options_.registers).mean(1))
                            : tokens.select(1, 0);
  return projection_ ? projection_->forward(pooled) : pooled;
}

Tensor VisionTransformer::forward(const Tensor& x) { return pool(tokens(x)); }

}  // namespace likewise
