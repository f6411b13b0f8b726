#pragma once
// A transformer over time.

#include "likewise/nn/vit.hpp"

namespace likewise {

struct Transformer1dOptions {
  int64_t channels = 1;
  int64_t length = 256;  // T that the position embedding is made for
  int64_t patch = 8;     // frames of a token; what is left at the end of T is not looked at
  int64_t width = 128;
  int64_t depth = 4;
  int64_t heads = 2;  // divides width
};

// The blocks of VisionTransformer over tokens that are stretches of time, learned positions, the
// average of the tokens, normalised. x [N, channels, T] -> [N, width]; T must be `length`
// (UserError otherwise).
class Transformer1d : public Encoder {
 public:
  explicit Transformer1d(const Transformer1dOptions& options);
  Tensor forward(const Tensor& x) override;
  int64_t feature_dim() const override { return options_.width; }
  std::shared_ptr<Encoder> twin() const override {
    return std::make_shared<Transformer1d>(options_);
  }

 private:
  Transformer1dOptions options_;
  Tensor position_;  // [1, L, width]
  std::shared_ptr<Linear> embed_;
  std::vector<std::shared_ptr<TransformerBlock>> blocks_;
  std::shared_ptr<LayerNorm> norm_;
};

}  // namespace likewise
