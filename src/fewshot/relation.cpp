#include "likewise/fewshot/relation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros_like.h>

#include "likewise/base/error.hpp"
#include "likewise/nn/memory_format.hpp"

namespace likewise::fewshot {

RelationEncoder::RelationEncoder(int64_t channels, int64_t size, int64_t width)
    : width_(width), side_(((size - 2) / 2 - 2) / 2) {
  constexpr int64_t kLeast = 22;  // of which 4 x 4 remain for the two pools of the comparison
  if (size < kLeast) {
    throw UserError("relation needs images of at least {} pixels, these have {}", kLeast, size);
  }
  for (int64_t i = 0; i < 4; ++i) {
    auto block = std::make_shared<torch::nn::Module>();
    convs_.push_back(block->register_module(
        "conv", std::make_shared<Conv2d>(i == 0 ? channels : width, width,
                                         Conv2dOptions{.padding = i < 2 ? 0 : 1})));
    norms_.push_back(block->register_module("bn", std::make_shared<BatchNorm>(width)));
    register_module("block" + std::to_string(i), block);
  }
}

Tensor RelationEncoder::forward(const Tensor& x) {
  Tensor y = x;
  for (size_t i = 0; i < convs_.size(); ++i) {
    y = convs_[i]->forward(y);
    y = i < 2 ? norms_[i]->forward_relu_pool(y) : norms_[i]->forward_relu(y);
  }
  return y.flatten(1);
}

Relation::Relation(const MethodInput& input, const Options& options)
    : Relation(std::make_shared<RelationEncoder>(input.channels, input.size), options) {}

Relation::Relation(std::shared_ptr<RelationEncoder> encoder, const Options& options)
    : EncoderMethod(encoder, false),
      options_(options),
      width_(encoder->width()),
      side_(encoder->side()) {
  for (int64_t i = 0; i < 2; ++i) {
    auto block = std::make_shared<torch::nn::Module>();
    convs_.push_back(block->register_module(
        "conv", std::make_shared<Conv2d>(i == 0 ? 2 * width_ : width_, width_,
                                         Conv2dOptions{.padding = 1})));
    norms_.push_back(block->register_module("bn", std::make_shared<BatchNorm>(width_)));
    register_module("relation" + std::to_string(i), block);
  }
  const int64_t left = side_ / 4;
  hidden_ =
      register_module("hidden", std::make_shared<Linear>(width_ * left * left, options.hidden));
  out_ = register_module("out", std::make_shared<Linear>(options.hidden, 1));
}

Tensor Relation::episode_scores(const EpisodeFeatures& features) {
  const int64_t episodes = features.query.size(0), m = features.query.size(1);
  const int64_t ways = features.ways(), dim = features.query.size(2);
  const Tensor classes =
      options_.shots == "sum" ? features.support.sum(2) : features.support.mean(2);  // [E, N, D]
  const std::vector<int64_t> pairs{episodes, m, ways, dim};
  Tensor y =
      at::cat({classes.unsqueeze(1).expand(pairs), features.query.unsqueeze(2).expand(pairs)}, 3);
  y = channels_last(y.reshape({episodes * m * ways, 2 * width_, side_, side_}));
  for (size_t i = 0; i < convs_.size(); ++i)
    y = norms_[i]->forward_relu_pool(convs_[i]->forward(y));
  y = at::relu(hidden_->forward(y.flatten(1)));
  return at::sigmoid(out_->forward(y)).reshape({episodes, m, ways});
}

Tensor Relation::episode_loss(const EpisodeFeatures& features) {
  const Tensor r = episode_scores(features);
  const Tensor target = at::zeros_like(r).scatter_(2, query_ways(features).unsqueeze(2), 1);
  return (r - target).pow(2).mean();
}

}  // namespace likewise::fewshot
