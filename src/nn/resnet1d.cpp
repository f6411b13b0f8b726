#include "likewise/nn/resnet1d.hpp"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/zeros.h>

#include <array>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/memory_format.hpp"

namespace likewise {

int64_t stem_stride_of(int64_t length) {
  int64_t stride = 1;
  while (length / stride > 512) stride *= 2;
  return stride;
}

// Series are images of one row, so that the fused norms of channels-last images serve them, too.
class ResNet1d::TimeConv : public Layer {
 public:
  TimeConv(int64_t in, int64_t out, int64_t kernel, int64_t stride)
      : stride_(stride), padding_(kernel / 2) {
    weight = register_parameter("weight", at::zeros({out, in, 1, kernel}));
  }
  Tensor forward(const Tensor& x) override {  // [N, C, 1, T]
    // Without a kernel's width a stride is leaving frames out (and oneDNN's kernels for it are
    // unsafe with odd channels, see Conv2d).
    const bool point = weight.size(3) == 1;
    const Tensor input = point && stride_ > 1 ? x.slice(3, 0, x.size(3), stride_) : x;
    const std::array<int64_t, 2> stride{1, point ? 1 : stride_}, padding{0, padding_};
    Tensor y = at::conv2d(input, weight, {}, at::IntArrayRef(stride), at::IntArrayRef(padding));
    detail::MultiplyAddCounter::add(y.numel() * weight.numel() / weight.size(0));
    return y;
  }
  void initialize(Rng& rng) override {
    const auto fan_out = static_cast<double>(weight.size(0) * weight.size(3));
    fill_normal(weight, std::sqrt(2 / fan_out), rng);
  }
  Tensor weight;

 private:
  int64_t stride_, padding_;
};

class ResNet1d::Block : public torch::nn::Module {
 public:
  Block(int64_t in, int64_t out, int64_t stride, int64_t kernel) {
    conv1_ = register_module("conv1", std::make_shared<TimeConv>(in, out, kernel, stride));
    bn1_ = register_module("bn1", std::make_shared<BatchNorm>(out));
    conv2_ = register_module("conv2", std::make_shared<TimeConv>(out, out, kernel, 1));
    bn2_ = register_module("bn2", std::make_shared<BatchNorm>(out));
    if (in == out && stride == 1) return;
    shortcut_ = register_module("shortcut", std::make_shared<TimeConv>(in, out, 1, stride));
    shortcut_bn_ = register_module("shortcut_bn", std::make_shared<BatchNorm>(out));
  }
  Tensor forward(const Tensor& x) {
    const Tensor y = bn1_->forward_relu(conv1_->forward(x));
    const Tensor residual = shortcut_ ? shortcut_bn_->forward(shortcut_->forward(x)) : x;
    return bn2_->forward_relu(conv2_->forward(y), residual);
  }

 private:
  std::shared_ptr<TimeConv> conv1_, conv2_, shortcut_;
  std::shared_ptr<BatchNorm> bn1_, bn2_, shortcut_bn_;
};

ResNet1d::ResNet1d(const ResNet1dOptions& options) : options_(options) {
  const int64_t width = options.width, stride = options.stem_stride;
  // Odd, so that its padding keeps the length.
  const int64_t stem = stride == 1 ? options.kernel : 2 * stride + 1;
  conv1_ =
      register_module("conv1", std::make_shared<TimeConv>(options.channels, width, stem, stride));
  bn1_ = register_module("bn1", std::make_shared<BatchNorm>(width));
  auto container = register_module("blocks", std::make_shared<torch::nn::Module>());
  int64_t in = width;
  for (int64_t i = 0; i < options.blocks; ++i) {
    const int64_t out = width * (i == 0 ? 1 : i == 1 ? 2 : 4);
    blocks_.push_back(std::make_shared<Block>(in, out, i >= 1 && i <= 3 ? 2 : 1, options.kernel));
    container->register_module(std::to_string(i), blocks_.back());
    in = out;
  }
  feature_dim_ = in;
}

Tensor ResNet1d::forward(const Tensor& x) {
  if (x.dim() != 3) {
    throw UserError("encoder resnet1d takes [N, C, T]; found {} dimensions", x.dim());
  }
  Tensor y = bn1_->forward_relu(conv1_->forward(channels_last(x.unsqueeze(2))));
  for (const auto& block : blocks_) y = block->forward(y);
  return y.mean(at::IntArrayRef{2, 3});
}

}  // namespace likewise
