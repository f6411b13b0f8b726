#pragma once
// The four-block convolutional network of the few-shot literature (Vinyals et al., "Matching
// networks for one shot learning", NeurIPS 2016; Snell et al., "Prototypical networks", NeurIPS
// 2017).

#include <memory>
#include <vector>

#include "likewise/nn/encoder.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise {

struct Conv4Options {
  int64_t channels = 1;
  int64_t width = 64;
  int64_t image_size = 28;  // square; at least 16
};

// Four times 3x3 convolution, batch norm, ReLU, 2x2 max-pool, then flattened: x [N, channels, S, S]
// -> [N, D], D = width * floor(S / 16)^2, 64 for Omniglot's 28 pixels and width 64. The
// convolutions have no bias: the norm would take it away. Throws UserError when images are smaller
// than 16 or not of the size announced.
class Conv4 : public Encoder {
 public:
  explicit Conv4(const Conv4Options& options);
  Tensor forward(const Tensor& x) override;
  int64_t feature_dim() const override { return feature_dim_; }
  std::shared_ptr<Encoder> twin() const override { return std::make_shared<Conv4>(options_); }

 private:
  Conv4Options options_;
  int64_t feature_dim_;
  std::vector<std::shared_ptr<Conv2d>> convs_;
  std::vector<std::shared_ptr<BatchNorm>> norms_;
};

}  // namespace likewise
