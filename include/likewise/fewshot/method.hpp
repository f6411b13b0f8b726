#pragma once
// What a few-shot method is: it learns from episodes and names the queries of others.

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "likewise/fewshot/batch.hpp"
#include "likewise/fewshot/norm_mode.hpp"
#include "likewise/nn/encoder.hpp"
#include "likewise/nn/encoder_options.hpp"

namespace likewise::fewshot {

// What a method is made for. `encoder` is resolved; methods with a network of their own ignore it.
struct MethodInput {
  EncoderOptions encoder;
  int64_t channels = 1, size = 28;
  int64_t ways = 5;  // of the training episodes
};

class FewShotMethod : public torch::nn::Module {
 public:
  // Adds the gradient of the mean loss over the batch's episodes to the parameters' gradients and
  // returns that loss. `fraction` of the training is done.
  virtual double accumulate(const EpisodeBatch& batch, double fraction) = 0;

  // How well each query fits each way: [E, N Q, N], the largest is the answer. Changes nothing.
  virtual Tensor scores(const EpisodeBatch& batch, NormMode mode) = 0;

  // The batch-norm modes that the method can be scored with, its own first.
  virtual std::vector<NormMode> norm_modes() const = 0;

  // The ways of every episode; 0: any number.
  virtual int64_t fixed_ways() const { return 0; }

  // The encoder of the catalogue that it trains, for use elsewhere; null when it has none.
  virtual std::shared_ptr<Encoder> encoder() const { return nullptr; }
};

// Features of E episodes: support [E, N, K, D], query [E, N Q, D].
struct EpisodeFeatures {
  Tensor support, query;
  int64_t queries = 0;  // Q
  int64_t ways() const { return support.size(1); }
  int64_t shots() const { return support.size(2); }
};

// Rows [E (N K + N Q), D] in the order of an EpisodeBatch.
EpisodeFeatures split_features(const Tensor& rows, const EpisodeShape& shape);

// A method that compares features of an encoder. All episodes of a batch pass it at once.
class EncoderMethod : public FewShotMethod {
 public:
  EncoderMethod(std::shared_ptr<Encoder> encoder, bool from_catalogue);

  double accumulate(const EpisodeBatch& batch, double fraction) override;
  Tensor scores(const EpisodeBatch& batch, NormMode mode) override;
  std::vector<NormMode> norm_modes() const override {
    return {NormMode::kInductive, NormMode::kSupport, NormMode::kTransductive};
  }
  std::shared_ptr<Encoder> encoder() const override { return from_catalogue_ ? encoder_ : nullptr; }

  Tensor embed(const Tensor& images) {
    return encoder_->forward(images);
  }  // [B, C, S, S] -> [B, D]

  // The mean loss over all queries of all episodes, with a graph.
  virtual Tensor episode_loss(const EpisodeFeatures& features) = 0;
  virtual Tensor episode_scores(const EpisodeFeatures& features) = 0;  // [E, N Q, N]

 private:
  std::shared_ptr<Encoder> encoder_;
  bool from_catalogue_;
};

// int64 [E, N Q]: the way of every query.
Tensor query_ways(const EpisodeFeatures& features);

// Cross-entropy of logits [E, N Q, N] against the ways of the queries, the mean over all.
Tensor query_cross_entropy(const Tensor& logits, const EpisodeFeatures& features);

}  // namespace likewise::fewshot
