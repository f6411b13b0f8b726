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
  bool layer_scale = false;   // DINOv2: what a block adds is multiplied by a factor a feature
  int64_t registers = 0;      // DINOv2: further tokens behind the class token, without a position
  bool norm_pre = false;      // CLIP: the tokens are normalised before the first block, too
  bool patch_bias = true;     // CLIP has none
  bool quick_gelu = false;    // OpenAI's CLIP: x sigmoid(1.702 x) instead of GELU
  double norm_eps = 1e-6;     // CLIP: 1e-5
  int64_t projection = 0;     // CLIP: features after a linear layer without bias; 0: none
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

// Pre-norm block: x + ls1 attention(norm(x)), then x + ls2 mlp(norm(x)) with GELU (exact); ls1, ls2
// are factors [D] with layer_scale (Touvron et al., "Going deeper with image transformers", ICCV
// 2021), else 1.
class TransformerBlock : public torch::nn::Module {
 public:
  explicit TransformerBlock(const VitOptions& options);
  Tensor forward(const Tensor& x);

 private:
  bool quick_gelu_;
  Tensor gamma1_, gamma2_;  // undefined without layer_scale
  std::shared_ptr<LayerNorm> norm1_, norm2_;
  std::shared_ptr<Attention> attn_;
  std::shared_ptr<Linear> fc1_, fc2_;
};

// Parameters have timm's names (cls_token, pos_embed, patch_embed.proj, blocks.0.attn.qkv, norm, or
// fc_norm with average pooling; ls1.gamma, reg_token, norm_pre), so its weights load; there is no
// head. `projection` is the one layer that timm does not name like this.
// Linear layers and embeddings start normal with deviation 0.02, cut at two deviations.
//
// x [N, channels, H, W] -> [N, width], or [N, projection]; H and W are multiples of the patch
// (UserError otherwise). For another size than image_size the position embedding is resampled:
// bicubic, antialiased.
class VisionTransformer : public Encoder {
 public:
  explicit VisionTransformer(const VitOptions& options);
  Tensor forward(const Tensor& x) override;
  int64_t feature_dim() const override {
    return options_.projection > 0 ? options_.projection : options_.width;
  }
  std::shared_ptr<Encoder> twin() const override {
    return std::make_shared<VisionTransformer>(options_);
  }

  // [N, 1 + R + L, width]: class token, registers, patches; normalised unless average_pool.
  Tensor tokens(const Tensor& x);
  Tensor pool(const Tensor& tokens);  // [N, 1 + R + L, width] -> [N, feature_dim]

 private:
  Tensor position(int64_t rows, int64_t columns) const;  // [1, 1 + rows columns, width]

  VitOptions options_;
  Tensor cls_token_, pos_embed_, reg_token_;
  std::shared_ptr<Conv2d> proj_;
  std::vector<std::shared_ptr<TransformerBlock>> blocks_;
  std::shared_ptr<LayerNorm> norm_, norm_pre_;
  std::shared_ptr<Linear> projection_;
};

}  // namespace likewise
