#include "likewise/nn/heads.hpp"

#include <ATen/ops/gelu.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "likewise/base/error.hpp"
#include "likewise/nn/initialize.hpp"
#include "nn/linear.hpp"

namespace likewise {

namespace {

struct MlpShape {
  int64_t in, layers, hidden, out;
  bool batch_norm, last_batch_norm, last_affine, gelu;
  double truncated_std = 0;
};

std::shared_ptr<Sequence> make_mlp(const MlpShape& shape) {
  auto sequence = std::make_shared<Sequence>();
  int64_t in = shape.in;
  for (int64_t i = 0; i < shape.layers; ++i) {
    const bool last = i + 1 == shape.layers;
    const int64_t out = last ? shape.out : shape.hidden;
    const bool norm = last ? shape.last_batch_norm : shape.batch_norm;
    sequence->append(std::make_shared<Linear>(in, out, !norm, shape.truncated_std));
    if (norm) sequence->append(std::make_shared<BatchNorm>(out, !last || shape.last_affine));
    if (!last && shape.gelu) sequence->append([](const Tensor& x) { return at::gelu(x); });
    if (!last && !shape.gelu) sequence->append([](const Tensor& x) { return at::relu(x); });
    in = out;
  }
  return sequence;
}

// x [N, C] -> [N, K]: products with directions of length g.
class WeightNormLinear : public Layer {
 public:
  WeightNormLinear(int64_t in, int64_t out, bool frozen_length) {
    length_ = register_parameter("weight_g", at::ones({out, 1}), !frozen_length);
    direction_ = register_parameter("weight_v", at::zeros({out, in}));
  }

  Tensor forward(const Tensor& x) override {
    detail::MultiplyAddCounter::add(x.numel() * direction_.size(0));
    return detail::linear(x, direction_ * (length_ / direction_.norm(2, {1}, /*keepdim=*/true)),
                          {});
  }

  void initialize(Rng& rng) override {
    fill_constant(length_, 1);
    fill_truncated_normal(direction_, 0.02, rng);
  }

 private:
  Tensor length_, direction_;
};

}  // namespace

Head::Head(int64_t in, const HeadOptions& options)
    : out_dim_(options.layers == 0 ? in : options.out) {
  layers_ = register_module("layers", make_mlp({.in = in,
                                                .layers = options.layers,
                                                .hidden = options.hidden ? options.hidden : std::max<int64_t>(in, 256),
                                                .out = options.out,
                                                .batch_norm = options.batch_norm,
                                                .last_batch_norm = options.last_batch_norm,
                                                .last_affine = options.last_affine,
                                                .gelu = options.activation == "gelu"}));
}

Tensor Head::forward(const Tensor& x) { return layers_->forward(x); }

DinoHead::DinoHead(int64_t in, const DinoHeadOptions& options) {
  layers_ = register_module("layers", make_mlp({.in = in,
                                                .layers = 3,
                                                .hidden = options.hidden,
                                                .out = options.bottleneck,
                                                .batch_norm = options.batch_norm,
                                                .last_batch_norm = false,
                                                .last_affine = true,
                                                .gelu = true,
                                                .truncated_std = 0.02}));
  last_layer_ = register_module(
      "last_layer",
      std::make_shared<WeightNormLinear>(options.bottleneck, options.out, options.norm_last_layer));
}

Tensor DinoHead::forward(const Tensor& x) {
  const Tensor z = layers_->forward(x);
  // 1e-12 only keeps a zero vector finite.
  return last_layer_->forward(z / z.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12));
}

}  // namespace likewise
