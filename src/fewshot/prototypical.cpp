#include "likewise/fewshot/prototypical.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>

#include "likewise/losses/similarity_lse.hpp"
#include "likewise/nn/catalogue.hpp"

namespace likewise::fewshot {

Tensor squared_distance_logits(const Tensor& query, const Tensor& centres) {
  return 2 * at::bmm(query, centres.transpose(1, 2)) - query.pow(2).sum(2, true) -
         centres.pow(2).sum(2).unsqueeze(1);
}

Tensor cosine_logits(const Tensor& support, const Tensor& query, double temperature) {
  const int64_t width = support.size(3);
  const Tensor s = unit_rows(support.reshape({-1, width})).reshape(support.sizes()).mean(2);
  const Tensor q = unit_rows(query.reshape({-1, width})).reshape(query.sizes());
  return at::bmm(q, s.transpose(1, 2)) / temperature;
}

namespace {
Tensor centres_of(const EpisodeFeatures& features) {
  return features.shots() == 1 ? features.support.select(2, 0) : features.support.mean(2);
}
}  // namespace

Prototypical::Prototypical(const MethodInput& input, const Options& options)
    : Prototypical(make_encoder(input.encoder, input.channels, input.size, Rng(0)), options) {}

Tensor Prototypical::episode_scores(const EpisodeFeatures& features) {
  if (options_.temperature > 0) {
    return cosine_logits(features.support, features.query, options_.temperature);
  }
  // Without |q|^2, which is the same for every way.
  const Tensor centres = centres_of(features);
  return at::baddbmm(centres.pow(2).sum(2).unsqueeze(1), features.query, centres.transpose(1, 2),
                     -1, 2);
}

Tensor Prototypical::episode_loss(const EpisodeFeatures& features) {
  return query_cross_entropy(options_.temperature > 0
                                 ? episode_scores(features)
                                 : squared_distance_logits(features.query, centres_of(features)),
                             features);
}

}  // namespace likewise::fewshot
