#include "likewise/fewshot/matching.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/lstm_cell.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "likewise/fewshot/prototypical.hpp"
#include "likewise/losses/similarity_lse.hpp"
#include "likewise/nn/catalogue.hpp"
#include "likewise/nn/initialize.hpp"

namespace likewise::fewshot {

Tensor matching_log_probability(const Tensor& support, const Tensor& query,
                                const MatchingOptions& options) {
  const int64_t episodes = support.size(0), ways = support.size(1), shots = support.size(2);
  const Tensor items = support.flatten(1, 2);  // [E, N K, D]
  Tensor similarity;                           // [E, M, N K]
  if (options.similarity == "squared") {
    similarity = squared_distance_logits(query, items);
  } else {
    const int64_t width = support.size(3);
    const Tensor s = unit_rows(items.reshape({-1, width})).reshape(items.sizes());
    const Tensor q = unit_rows(query.reshape({-1, width})).reshape(query.sizes());
    similarity = options.scale * at::bmm(q, s.transpose(1, 2));
  }
  return at::logsumexp(
      at::log_softmax(similarity, 2).reshape({episodes, query.size(1), ways, shots}), {3});
}

LstmCell::LstmCell(int64_t in, int64_t hidden) : hidden_(hidden) {
  weight_ih_ = register_parameter("weight_ih", at::zeros({4 * hidden, in}));
  weight_hh_ = register_parameter("weight_hh", at::zeros({4 * hidden, hidden}));
  bias_ih_ = register_parameter("bias_ih", at::zeros({4 * hidden}));
  bias_hh_ = register_parameter("bias_hh", at::zeros({4 * hidden}));
}

Tensor LstmCell::forward(const Tensor& x) {
  Tensor h = at::zeros({x.size(0), hidden_}, x.options()), c = at::zeros_like(h);
  step(x, h, c);
  return h;
}

void LstmCell::step(const Tensor& x, Tensor& h, Tensor& c) const {
  std::tie(h, c) = at::lstm_cell(x, {h, c}, weight_ih_, weight_hh_, bias_ih_, bias_hh_);
}

void LstmCell::initialize(Rng& rng) {
  const double bound = 1 / std::sqrt(static_cast<double>(hidden_));
  for (Tensor* tensor : {&weight_ih_, &weight_hh_, &bias_ih_, &bias_hh_}) {
    fill_uniform(*tensor, bound, rng);
  }
}

Matching::Matching(std::shared_ptr<Encoder> encoder, const Options& options)
    : EncoderMethod(std::move(encoder), true), options_(options) {
  if (!options.full_context) return;
  const int64_t width = this->encoder()->feature_dim();
  forward_ = register_module("forward_lstm", std::make_shared<LstmCell>(width, width));
  backward_ = register_module("backward_lstm", std::make_shared<LstmCell>(width, width));
  reader_ = register_module("reader", std::make_shared<LstmCell>(2 * width, width));
}

Matching::Matching(const MethodInput& input, const Options& options)
    : Matching(make_encoder(input.encoder, input.channels, input.size, Rng(0)), options) {}

EpisodeFeatures Matching::in_context(const EpisodeFeatures& features) const {
  if (!options_.full_context) return features;
  const Tensor plain = features.support.flatten(1, 2);  // [E, L, D], L = N K
  const int64_t episodes = plain.size(0), length = plain.size(1), width = plain.size(2);
  std::vector<Tensor> before(static_cast<size_t>(length)), after(before.size());
  Tensor h = at::zeros({episodes, width}, plain.options()), c = at::zeros_like(h);
  for (int64_t i = 0; i < length; ++i) {
    forward_->step(plain.select(1, i), h, c);
    before[static_cast<size_t>(i)] = h;
  }
  h = at::zeros({episodes, width}, plain.options());
  c = at::zeros_like(h);
  for (int64_t i = length - 1; i >= 0; --i) {
    backward_->step(plain.select(1, i), h, c);
    after[static_cast<size_t>(i)] = h;
  }
  const Tensor g = at::stack(before, 1) + at::stack(after, 1) + plain;

  const Tensor f = features.query.reshape({-1, width});  // [E M, D]
  Tensor q = f, r = at::zeros_like(f), cell = at::zeros_like(f);
  for (int64_t k = 0; k < options_.read_steps; ++k) {
    reader_->step(at::cat({f, r}, 1), q, cell);
    q = q + f;
    const Tensor shaped = q.reshape(features.query.sizes());
    r = at::bmm(at::softmax(at::bmm(shaped, g.transpose(1, 2)), 2), g).reshape({-1, width});
  }
  return {g.reshape(features.support.sizes()), q.reshape(features.query.sizes()), features.queries};
}

Tensor Matching::episode_scores(const EpisodeFeatures& features) {
  const EpisodeFeatures seen = in_context(features);
  return matching_log_probability(seen.support, seen.query, options_);
}

Tensor Matching::episode_loss(const EpisodeFeatures& features) {
  return -episode_scores(features).gather(2, query_ways(features).unsqueeze(2)).mean();
}

}  // namespace likewise::fewshot
