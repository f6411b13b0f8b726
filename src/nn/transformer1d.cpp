#include "likewise/nn/transformer1d.hpp"

#include <ATen/ops/zeros.h>

#include "likewise/base/error.hpp"

namespace likewise {

Transformer1d::Transformer1d(const Transformer1dOptions& options) : options_(options) {
  if (options.patch < 1 || options.length < options.patch) {
    throw UserError("encoder.patch is {}, but the series have {} frames", options.patch,
                    options.length);
  }
  if (options.heads < 1 || options.width % options.heads != 0) {
    throw UserError("encoder.width is {}, but must be a multiple of the {} attention heads",
                    options.width, options.heads);
  }
  constexpr double kDeviation = 0.02;
  const int64_t tokens = options.length / options.patch;
  position_ = register_parameter("position", at::zeros({1, tokens, options.width}));
  embed_ = register_module("embed", std::make_shared<Linear>(options.channels * options.patch,
                                                             options.width, true, kDeviation));
  auto blocks = register_module("blocks", std::make_shared<torch::nn::Module>());
  VitOptions block;
  block.width = options.width;
  block.heads = options.heads;
  for (int64_t i = 0; i < options.depth; ++i) {
    blocks_.push_back(std::make_shared<TransformerBlock>(block));
    blocks->register_module(std::to_string(i), blocks_.back());
  }
  norm_ = register_module("norm", std::make_shared<LayerNorm>(options.width));
}

Tensor Transformer1d::forward(const Tensor& x) {
  if (x.dim() != 3 || x.size(2) != options_.length) {
    throw UserError("encoder transformer1d was made for [N, {}, {}]", options_.channels,
                    options_.length);
  }
  const int64_t n = x.size(0), tokens = options_.length / options_.patch;
  const Tensor patches = x.narrow(2, 0, tokens * options_.patch)
                             .reshape({n, options_.channels, tokens, options_.patch})
                             .permute({0, 2, 1, 3})
                             .reshape({n, tokens, options_.channels * options_.patch});
  const Tensor embedded = embed_->forward(patches);
  Tensor y = embedded + position_.to(embedded.scalar_type());
  for (const auto& block : blocks_) y = block->forward(y);
  return norm_->forward(y.mean(1));
}

}  // namespace likewise
