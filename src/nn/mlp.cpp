#include "likewise/nn/mlp.hpp"

namespace likewise {

Mlp::Mlp(const MlpOptions& options) : options_(options) {
  auto blocks = register_module("blocks", std::make_shared<torch::nn::Module>());
  for (int64_t i = 0; i < options.depth; ++i) {
    auto block = blocks->register_module(std::to_string(i), std::make_shared<torch::nn::Module>());
    const int64_t in = i == 0 ? options.features : options.width;
    layers_.push_back(
        block->register_module("linear", std::make_shared<Linear>(in, options.width)));
    norms_.push_back(block->register_module("bn", std::make_shared<BatchNorm>(options.width)));
  }
}

Tensor Mlp::forward(const Tensor& x) {
  Tensor y = x.reshape({x.size(0), -1});
  for (size_t i = 0; i < layers_.size(); ++i) y = norms_[i]->forward_relu(layers_[i]->forward(y));
  return y;
}

}  // namespace likewise
