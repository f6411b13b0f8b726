#include "likewise/nn/conv4.hpp"

#include "likewise/base/error.hpp"

namespace likewise {

Conv4::Conv4(const Conv4Options& options) : options_(options) {
  if (options.image_size < 16) {
    throw UserError("encoder conv4 halves images four times and needs at least 16 pixels, not {}",
                    options.image_size);
  }
  const int64_t side = options.image_size / 16;
  feature_dim_ = options.width * side * side;
  auto blocks = register_module("blocks", std::make_shared<torch::nn::Module>());
  for (int64_t i = 0; i < 4; ++i) {
    auto block = blocks->register_module(std::to_string(i), std::make_shared<torch::nn::Module>());
    const int64_t in = i == 0 ? options.channels : options.width;
    convs_.push_back(block->register_module(
        "conv", std::make_shared<Conv2d>(in, options.width, Conv2dOptions{.padding = 1})));
    norms_.push_back(block->register_module("bn", std::make_shared<BatchNorm>(options.width)));
  }
}

Tensor Conv4::forward(const Tensor& x) {
  if (x.size(2) != options_.image_size || x.size(3) != options_.image_size) {
    throw UserError("encoder conv4 was made for {0} x {0} pixels and was given {1} x {2}",
                    options_.image_size, x.size(2), x.size(3));
  }
  Tensor y = x;
  for (size_t i = 0; i < convs_.size(); ++i) {
    y = norms_[i]->forward_relu_pool(convs_[i]->forward(y));
  }
  return y.flatten(1);  // in C, H, W order whatever the memory format
}

}  // namespace likewise
