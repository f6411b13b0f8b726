#pragma once
// The vision transformer (Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021).

#include <memory>
#include <string>
#include <vector>

#include "likewise/nn/encoder.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise {

struct VitOptions {
  int64_t channels = 3;
  int64_t image_size = 224;  // that the position embedding is made for; square
  int64_t patch = 16;        // divides image_size
  int64_t width = 192;       // D; 192 is ViT-Ti, 384 ViT-S
  int64_t depth = 12;
  int64_t heads = 3;  // divides width; 64 features each in the paper
  int64_t mlp_ratio = 4;
  bool average_pool = false;  // mean of the patch tokens, normalised after; otherwise class token
};

// Self-attention with `heads` heads: x [N, L, D] -> [N, L, D].
class Attention : public torch::nn::Module {
 public:
  Attention(int64_t width, int64_t heads);
  Tensor forward(const Tensor& x);

 private:
  int64_t heads_;
  std::shared_ptr<Linear> qkv_, proj_;
};

// Pre-norm block: x + attention(norm(x)), then x + mlp(norm(x)) with GELU (exact).
class TransformerBlock : public torch::nn::Module {
 public:
  TransformerBlock(int64_t width, int64_t heads, int64_t mlp_width);
  Tensor forward(const Tensor& x);

 private:
  std::shared_ptr<LayerNorm> norm1_, norm2_;
  std::shared_ptr<Attention> attn_;
  std::shared_ptr<Linear> fc1_, fc2_;
};

// Parameters have timm's names (cls_token, pos_embed, patch_embed.proj, blocks.0.attn.qkv, norm, or
// fc_norm with average pooling), so its weights load; there is no head. LayerNorm eps is 1e-6.
// Linear layers and embeddings start normal with deviation 0.02, cut at two deviations.
//
// x [N, channels, H, W] -> [N, width]; H and W are multiples of the patch (UserError otherwise).
// For another size than image_size the position embedding is resampled: bicubic, antialiased.
class VisionTransformer : public Encoder {
 public:
  explicit VisionTransformer(const VitOptions& options);
  Tensor forward(const Tensor& x) override;
  int64_t feature_dim() const override { return options_.width; }
  std::shared_ptr<Encoder> twin() const override { return std::make_shared<VisionTransformer>(options_); }

  // [N, 1 + L, width], class token first; normalised unless average_pool.
  Tensor tokens(const Tensor& x);
  Tensor pool(const Tensor& tokens);  // [N, 1 + L, width] -> [N, width]

 private:
  Tensor position(int64_t rows, int64_t columns) const;  // [1, 1 + rows columns, width]

  VitOptions options_;
  Tensor cls_token_, pos_embed_;
  std::shared_ptr<Conv2d> proj_;
  std::vector<std::shared_ptr<TransformerBlock>> blocks_;
  std::shared_ptr<LayerNorm> norm_;
};

}  // namespace likewise
