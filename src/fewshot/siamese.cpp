#include "likewise/fewshot/siamese.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "likewise/base/error.hpp"
#include "likewise/nn/catalogue.hpp"
#include "likewise/nn/initialize.hpp"

namespace likewise::fewshot {

namespace {

// Weights and biases that start as Koch's.
class KochLayer : public Layer {
 public:
  KochLayer(std::vector<int64_t> shape, double deviation) : deviation_(deviation) {
    weight_ = register_parameter("weight", at::zeros(shape));
    bias_ = register_parameter("bias", at::zeros({shape[0]}));
  }
  Tensor forward(const Tensor& x) override {
    return weight_.dim() == 4 ? at::conv2d(x, weight_, bias_) : at::linear(x, weight_, bias_);
  }
  void initialize(Rng& rng) override {
    fill_normal(weight_, deviation_, rng);
    fill_normal(bias_, 0.01, rng);
    const at::NoGradGuard no_grad;
    bias_.add_(0.5);
  }

 private:
  double deviation_;
  Tensor weight_, bias_;
};

}  // namespace

KochEncoder::KochEncoder(int64_t channels, int64_t size) {
  if (size != 105) throw UserError("Koch's network takes images of 105 pixels, not {}", size);
  const std::vector<std::vector<int64_t>> shapes = {
      {64, channels, 10, 10}, {128, 64, 7, 7}, {128, 128, 4, 4}, {256, 128, 4, 4}};
  for (size_t i = 0; i < shapes.size(); ++i) {
    convs_.push_back(
        register_module("conv" + std::to_string(i), std::make_shared<KochLayer>(shapes[i], 0.01)));
  }
  linear_ =
      register_module("linear", std::make_shared<KochLayer>(std::vector<int64_t>{4096, 9216}, 0.2));
}

Tensor KochEncoder::forward(const Tensor& x) {
  Tensor y = x;
  for (size_t i = 0; i < convs_.size(); ++i) {
    y = at::relu(convs_[i]->forward(y));
    if (i + 1 < convs_.size()) y = at::max_pool2d(y, {2, 2});
  }
  return at::sigmoid(linear_->forward(y.flatten(1)));
}

Tensor match_logits(const Tensor& h1, const Tensor& h2, const Tensor& weight, const Tensor& bias) {
  return at::linear(at::abs(h1 - h2), weight, bias).squeeze(1);
}

Siamese::Siamese(const MethodInput& input, const Options& options)
    : Siamese(
          options.network == "koch"
              ? std::shared_ptr<Encoder>(std::make_shared<KochEncoder>(input.channels, input.size))
              : make_encoder(input.encoder, input.channels, input.size, Rng(0)),
          options.network != "koch", options) {}

Siamese::Siamese(std::shared_ptr<Encoder> encoder, bool from_catalogue, const Options& options)
    : EncoderMethod(encoder, from_catalogue) {
  if (options.norm && from_catalogue) {
    norm_ = register_module("norm", std::make_shared<BatchNorm>(encoder->feature_dim()));
  }
  weights_ = register_module("weights", std::make_shared<Linear>(encoder->feature_dim(), 1));
}

Tensor Siamese::match(const Tensor& h1, const Tensor& h2) {
  if (!norm_) return match_logits(h1, h2, weights_->weight, weights_->bias);
  return weights_->forward(norm_->forward(at::abs(h1 - h2))).squeeze(1);
}

Tensor Siamese::pair_logits(const EpisodeFeatures& features) {
  const int64_t width = features.query.size(2);
  const Tensor first = features.support.select(2, 0);  // [E, N, D]
  const Tensor own = first.repeat_interleave(features.queries, 1).reshape({-1, width});
  const Tensor other =
      at::roll(first, {1}, {1}).repeat_interleave(features.queries, 1).reshape({-1, width});
  const Tensor query = features.query.reshape({-1, width});
  return match(at::cat({query, query}), at::cat({own, other})).reshape({2, -1});
}

Tensor Siamese::episode_loss(const EpisodeFeatures& features) {
  const Tensor logits = pair_logits(features);
  return (at::softplus(-logits[0]).mean() + at::softplus(logits[1]).mean()) / 2;
}

double Siamese::verification_accuracy(const EpisodeFeatures& features) {
  const at::NoGradGuard no_grad;
  const NormScope scope(*this, false);
  const Tensor logits = pair_logits(features);
  return ((logits[0] > 0).sum().item<double>() + (logits[1] <= 0).sum().item<double>()) /
         static_cast<double>(logits.numel());
}

Tensor Siamese::episode_scores(const EpisodeFeatures& features) {
  const int64_t episodes = features.query.size(0), m = features.query.size(1);
  const int64_t width = features.query.size(2), ways = features.ways(), shots = features.shots();
  const std::vector<int64_t> pairs{episodes, m, ways * shots, width};
  const Tensor q = features.query.unsqueeze(2).expand(pairs).reshape({-1, width});
  const Tensor s = features.support.flatten(1, 2).unsqueeze(1).expand(pairs).reshape({-1, width});
  return at::sigmoid(match(q, s)).reshape({episodes, m, ways, shots}).mean(3);
}

}  // namespace likewise::fewshot
