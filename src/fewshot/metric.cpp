#include "likewise/fewshot/metric.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include "likewise/fewshot/prototypical.hpp"
#include "likewise/nn/catalogue.hpp"

namespace likewise::fewshot {

TripletEmbedding::TripletEmbedding(const MethodInput& input, const Options& options)
    : EncoderMethod(make_encoder(input.encoder, input.channels, input.size, Rng(0)), true),
      options_(options) {}

Tensor TripletEmbedding::episode_loss(const EpisodeFeatures& features) {
  const int64_t episodes = features.query.size(0);
  const Tensor way = at::arange(features.ways(), at::kLong);
  const Tensor labels =
      at::cat({way.repeat_interleave(features.shots()), way.repeat_interleave(features.queries)});
  Tensor sum = at::zeros({}, features.query.options());
  for (int64_t e = 0; e < episodes; ++e) {
    const Tensor z = at::cat({features.support[e].flatten(0, 1), features.query[e]});
    sum = sum + triplet(z, labels, options_);
  }
  return sum / episodes;
}

Tensor TripletEmbedding::episode_scores(const EpisodeFeatures& features) {
  if (options_.normalize) return cosine_logits(features.support, features.query, 1);
  return squared_distance_logits(features.query, features.support.mean(2));
}

NPairEmbedding::NPairEmbedding(const MethodInput& input, const Options& options)
    : EncoderMethod(make_encoder(input.encoder, input.channels, input.size, Rng(0)), true),
      options_(options) {}

Tensor NPairEmbedding::episode_loss(const EpisodeFeatures& features) {
  const int64_t episodes = features.query.size(0), queries = features.queries;
  Tensor sum = at::zeros({}, features.query.options());
  for (int64_t e = 0; e < episodes; ++e) {
    const Tensor anchor = features.support[e].select(1, 0);  // [N, D]
    const Tensor positives = features.query[e].reshape({features.ways(), queries, -1});
    for (int64_t j = 0; j < queries; ++j) {
      sum = sum + n_pair(anchor, positives.select(1, j), options_);
    }
  }
  return sum / (episodes * queries);
}

Tensor NPairEmbedding::episode_scores(const EpisodeFeatures& features) {
  return cosine_logits(features.support, features.query, 1);
}

}  // namespace likewise::fewshot
