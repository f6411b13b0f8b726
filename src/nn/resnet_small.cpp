#include "likewise/nn/resnet_small.hpp"

namespace likewise {

SmallResNet::SmallResNet(const SmallResNetOptions& options) : options_(options) {
  const int64_t width = options.width;
  conv1_ = register_module(
      "conv1",
      std::make_shared<Conv2d>(options.channels, width,
                               Conv2dOptions{.stride = options.stem_stride, .padding = 1}));
  bn1_ = register_module("bn1", std::make_shared<BatchNorm>(width));
  auto container = register_module("blocks", std::make_shared<torch::nn::Module>());
  int64_t in = width;
  for (int64_t i = 0; i < options.blocks; ++i) {
    const int64_t out = width * (i == 0 ? 1 : i == 1 ? 2 : 4);
    const int64_t stride = i == 1 || i == 2 ? 2 : 1;
    blocks_.push_back(std::make_shared<BasicBlock>(in, out, stride, false));
    container->register_module(std::to_string(i), blocks_.back());
    in = out;
  }
  feature_dim_ = in;
}

Tensor SmallResNet::forward(const Tensor& x) {
  Tensor y = bn1_->forward_relu(conv1_->forward(x));
  for (const auto& block : blocks_) y = block->forward(y);
  return y.mean(at::IntArrayRef{2, 3});
}

}  // namespace likewise
