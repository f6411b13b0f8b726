#pragma once
// Embeddings learned from triplets or N-pairs, whose queries go to the nearest prototype.

#include "likewise/fewshot/method.hpp"
#include "likewise/losses/n_pair.hpp"
#include "likewise/losses/triplet.hpp"

namespace likewise::fewshot {

// All images of an episode, support and queries, are one batch of N classes with K + Q samples for
// the triplet loss (losses/triplet.hpp).
class TripletEmbedding : public EncoderMethod {
 public:
  using Options = TripletOptions;
  TripletEmbedding(const MethodInput& input, const Options& options);
  Tensor episode_loss(const EpisodeFeatures& features) override;
  Tensor episode_scores(const EpisodeFeatures& features) override;

 private:
  Options options_;
};

// The mean over queries j of the N-pair loss (losses/n_pair.hpp) between each way's first support
// and its query j.
class NPairEmbedding : public EncoderMethod {
 public:
  using Options = NPairOptions;
  NPairEmbedding(const MethodInput& input, const Options& options);
  Tensor episode_loss(const EpisodeFeatures& features) override;
  Tensor episode_scores(const EpisodeFeatures& features) override;

 private:
  Options options_;
};

}  // namespace likewise::fewshot
