#pragma once
// Residual networks (He et al., "Deep residual learning for image recognition", CVPR 2016).

#include <memory>
#include <vector>

#include "likewise/nn/encoder.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise {

// Two 3x3 convolutions and a shortcut; the first has the stride. x [N, in, H, W] ->
// [N, width, H', W'].
class BasicBlock : public torch::nn::Module {
 public:
  static constexpr int64_t kExpansion = 1;
  BasicBlock(int64_t in, int64_t width, int64_t stride, bool zero_init);
  Tensor forward(const Tensor& x);

 private:
  std::shared_ptr<Conv2d> conv1_, conv2_;
  std::shared_ptr<BatchNorm> bn1_, bn2_;
  std::shared_ptr<Sequence> downsample_;  // null when the shortcut is the identity
};

// 1x1, 3x3, 1x1 with four times the width at the end; the 3x3 has the stride ("v1.5").
// x [N, in, H, W] -> [N, 4 width, H', W'].
class Bottleneck : public torch::nn::Module {
 public:
  static constexpr int64_t kExpansion = 4;
  Bottleneck(int64_t in, int64_t width, int64_t stride, bool zero_init);
  Tensor forward(const Tensor& x);

 private:
  std::shared_ptr<Conv2d> conv1_, conv2_, conv3_;
  std::shared_ptr<BatchNorm> bn1_, bn2_, bn3_;
  std::shared_ptr<Sequence> downsample_;
};

struct ResNetOptions {
  std::vector<int64_t> blocks = {2, 2, 2, 2};  // of each stage: 18 layers; {3, 4, 6, 3} for 34, 50
  bool bottleneck = false;
  int64_t channels = 3;
  int64_t width = 64;         // of the first stage; doubles with every stage
  bool imagenet_stem = true;  // 7x7 stride 2 and a pool; otherwise 3x3 stride 1 ("cifar")
  bool zero_init = false;     // the last norm of a block starts at 0: blocks start as identities
};

// Parameters have torchvision's names (conv1, bn1, layer1.0.conv1, layer1.0.downsample.0, ...), so
// its weights load; there is no fc. x [N, channels, H, W] -> global average [N, D], D = 8 width
// (32 width for bottlenecks).
class ResNet : public Encoder {
 public:
  explicit ResNet(const ResNetOptions& options);
  Tensor forward(const Tensor& x) override;
  int64_t feature_dim() const override { return feature_dim_; }
  std::shared_ptr<Encoder> twin() const override { return std::make_shared<ResNet>(options_); }

  // The outputs of the stages, [N, C_i, H_i, W_i]: finer to coarser.
  std::vector<Tensor> stages(const Tensor& x);

 private:
  Tensor stem(const Tensor& x);

  ResNetOptions options_;
  int64_t feature_dim_ = 0;
  std::shared_ptr<Conv2d> conv1_;
  std::shared_ptr<BatchNorm> bn1_;
  std::vector<std::function<Tensor(const Tensor&)>> stages_;
};

}  // namespace likewise
