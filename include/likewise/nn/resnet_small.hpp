#pragma once
// The residual network that trains in minutes on a processor.

#include <memory>
#include <vector>

#include "likewise/nn/resnet.hpp"

namespace likewise {

struct SmallResNetOptions {
  int64_t channels = 1;
  int64_t width = 32;
  int64_t stem_stride = 2;
  int64_t blocks = 4;  // widths w, 2w, 4w, 4w, 4w, ...; the second and third halve the image
};

// A residual network for small images and processors: 3x3 stem, then basic blocks named blocks.0,
// blocks.1, ... About 0.6 million parameters at width 32. x [N, channels, H, W] -> global average
// [N, D], D = 4 width (from three blocks on).
class SmallResNet : public Encoder {
 public:
  explicit SmallResNet(const SmallResNetOptions& options);
  Tensor forward(const Tensor& x) override;
  int64_t feature_dim() const override { return feature_dim_; }
  std::shared_ptr<Encoder> twin() const override { return std::make_shared<SmallResNet>(options_); }

 private:
  SmallResNetOptions options_;
  int64_t feature_dim_ = 0;
  std::shared_ptr<Conv2d> conv1_;
  std::shared_ptr<BatchNorm> bn1_;
  std::vector<std::shared_ptr<BasicBlock>> blocks_;
};

}  // namespace likewise
