#pragma once
// Matching networks: a query attends to the support, and what it attends to votes.

#include "likewise/base/options.hpp"
#include "likewise/fewshot/method.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise::fewshot {

struct MatchingOptions {
  std::string similarity = "cosine";
  double scale = 10;
  bool full_context = false;
  int64_t read_steps = 5;
  template <class V>
  void fields(V& v) {
    v("similarity", similarity, "of query and support: cosine times scale, or squared: -|q - s|^2",
      choices({"cosine", "squared"}));
    v("scale", scale,
      "of the cosines; with the paper's 1 the attention is nearly flat and learning slow",
      range(1e-3, 1e4));
    v("full_context", full_context,
      "full context embeddings: the support by a bidirectional LSTM, queries by an LSTM that reads "
      "it");
    v("read_steps", read_steps, "readings of the support by a query; 0: none", range(0, 100));
  }
};

// log P(y | x, S) with P = sum over the shots of way y of softmax over all N K support items of
// their similarity. support [E, N, K, D], query [E, M, D] -> [E, M, N].
Tensor matching_log_probability(const Tensor& support, const Tensor& query,
                                const MatchingOptions& options = {});

// One step of an LSTM (gates in the order input, forget, cell, output).
class LstmCell : public Layer {
 public:
  LstmCell(int64_t in, int64_t hidden);
  Tensor forward(const Tensor& x) override;  // from a state of zeros
  // x [B, in], h and c [B, hidden], updated.
  void step(const Tensor& x, Tensor& h, Tensor& c) const;
  void initialize(Rng& rng) override;

 private:
  Tensor weight_ih_, weight_hh_, bias_ih_, bias_hh_;
  int64_t hidden_;
};

// Loss: -log P of the query's way, the mean. Full context embeddings:
//   g_i = h_fwd_i + h_bwd_i + g'_i over the supports in their order;
//   k times: (h^, c) = LSTM([f', r], h, c); h = h^ + f'; r = sum_i softmax(h . g_i) g_i
// from h = f', r = c = 0; with 0 readings the query's embedding is f' itself.
// Source: Vinyals et al., "Matching networks for one shot learning", NeurIPS 2016, equations 1
// to 6.
class Matching : public EncoderMethod {
 public:
  using Options = MatchingOptions;
  Matching(const MethodInput& input, const Options& options);
  Matching(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor episode_loss(const EpisodeFeatures& features) override;
  Tensor episode_scores(const EpisodeFeatures& features) override;

 private:
  EpisodeFeatures in_context(const EpisodeFeatures& features) const;

  Options options_;
  std::shared_ptr<LstmCell> forward_, backward_, reader_;
};

}  // namespace likewise::fewshot
