#include "likewise/nn/resnet.hpp"

#include <ATen/ops/max_pool2d.h>

namespace likewise {

namespace {

std::shared_ptr<Conv2d> square_conv(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return std::make_shared<Conv2d>(
      in, out, Conv2dOptions{.kernel = kernel, .stride = stride, .padding = kernel / 2});
}

std::shared_ptr<Sequence> shortcut(int64_t in, int64_t out, int64_t stride) {
  if (in == out && stride == 1) return nullptr;
  auto sequence = std::make_shared<Sequence>();
  sequence->append(square_conv(in, out, 1, stride));
  sequence->append(std::make_shared<BatchNorm>(out));
  return sequence;
}

Tensor shortcut_of(const Tensor& x, const std::shared_ptr<Sequence>& downsample) {
  return downsample ? downsample->forward(x) : x;
}

// A stage is a plain container whose children are "0", "1", ...
template <class Block>
std::function<Tensor(const Tensor&)> make_stage(torch::nn::Module& owner, const std::string& name,
                                                int64_t count, int64_t& in, int64_t width,
                                                int64_t stride, bool zero_init) {
  auto container = owner.register_module(name, std::make_shared<torch::nn::Module>());
  std::vector<Block*> blocks;  // owned by the container, the container by `owner`
  for (int64_t i = 0; i < count; ++i) {
    auto block = std::make_shared<Block>(in, width, i == 0 ? stride : 1, zero_init);
    in = width * Block::kExpansion;
    blocks.push_back(block.get());
    container->register_module(std::to_string(i), std::move(block));
  }
  return [blocks](const Tensor& x) {
    Tensor y = x;
    for (Block* block : blocks) y = block->forward(y);
    return y;
  };
}

}  // namespace

BasicBlock::BasicBlock(int64_t in, int64_t width, int64_t stride, bool zero_init) {
  conv1_ = register_module("conv1", square_conv(in, width, 3, stride));
  bn1_ = register_module("bn1", std::make_shared<BatchNorm>(width));
  conv2_ = register_module("conv2", square_conv(width, width, 3, 1));
  bn2_ = register_module("bn2", std::make_shared<BatchNorm>(width, true, zero_init ? 0.0 : 1.0));
  downsample_ = shortcut(in, width, stride);
  if (downsample_) register_module("downsample", downsample_);
}

Tensor BasicBlock::forward(const Tensor& x) {
  const Tensor y = bn1_->forward_relu(conv1_->forward(x));
  return bn2_->forward_relu(conv2_->forward(y), shortcut_of(x, downsample_));
}

Bottleneck::Bottleneck(int64_t in, int64_t width, int64_t stride, bool zero_init) {
  const int64_t out = width * kExpansion;
  conv1_ = register_module("conv1", square_conv(in, width, 1, 1));
  bn1_ = register_module("bn1", std::make_shared<BatchNorm>(width));
  conv2_ = register_module("conv2", square_conv(width, width, 3, stride));
  bn2_ = register_module("bn2", std::make_shared<BatchNorm>(width));
  conv3_ = register_module("conv3", square_conv(width, out, 1, 1));
  bn3_ = register_module("bn3", std::make_shared<BatchNorm>(out, true, zero_init ? 0.0 : 1.0));
  downsample_ = shortcut(in, out, stride);
  if (downsample_) register_module("downsample", downsample_);
}

Tensor Bottleneck::forward(const Tensor& x) {
  Tensor y = bn1_->forward_relu(conv1_->forward(x));
  y = bn2_->forward_relu(conv2_->forward(y));
  return bn3_->forward_relu(conv3_->forward(y), shortcut_of(x, downsample_));
}

ResNet::ResNet(const ResNetOptions& options) : options_(options) {
  int64_t width = options.width;
  conv1_ =
      register_module("conv1", options.imagenet_stem ? square_conv(options.channels, width, 7, 2)
                                                     : square_conv(options.channels, width, 3, 1));
  bn1_ = register_module("bn1", std::make_shared<BatchNorm>(width));
  int64_t in = width;
  for (size_t i = 0; i < options.blocks.size(); ++i, width *= 2) {
    const std::string name = "layer" + std::to_string(i + 1);
    const int64_t stride = i == 0 ? 1 : 2;
    stages_.push_back(options.bottleneck
                          ? make_stage<Bottleneck>(*this, name, options.blocks[i], in, width,
                                                   stride, options.zero_init)
                          : make_stage<BasicBlock>(*this, name, options.blocks[i], in, width,
                                                   stride, options.zero_init));
  }
  feature_dim_ = in;
}

Tensor ResNet::stem(const Tensor& x) {
  const Tensor y = conv1_->forward(x);
  if (!options_.imagenet_stem) return bn1_->forward_relu(y);
  // The pool commutes with the rectifier and leaves it a quarter of the values.
  return at::max_pool2d(bn1_->forward(y), {3, 3}, {2, 2}, {1, 1}).relu_();
}

std::vector<Tensor> ResNet::stages(const Tensor& x) {
  std::vector<Tensor> outputs;
  Tensor y = stem(x);
  for (const auto& stage : stages_) {
    y = stage(y);
    outputs.push_back(y);
  }
  return outputs;
}

Tensor ResNet::forward(const Tensor& x) {
  Tensor y = stem(x);
  for (const auto& stage : stages_) y = stage(y);
  return y.mean(at::IntArrayRef{2, 3});
}

}  // namespace likewise
