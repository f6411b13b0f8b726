#pragma once
// Prototypical networks: a query belongs to the class of the nearest mean.

#include "likewise/base/options.hpp"
#include "likewise/fewshot/method.hpp"

namespace likewise::fewshot {

// -|q - c|^2: query [E, M, D], centres [E, N, D] -> [E, M, N]. By q^2 - 2 q c + c^2, so that it has
// derivatives of any order.
Tensor squared_distance_logits(const Tensor& query, const Tensor& centres);

// q . c / temperature of rows divided by their length; a mean is that of the divided rows, which is
// what losses/prototypical.hpp computes for one episode. support [E, N, K, D] -> [E, M, N].
Tensor cosine_logits(const Tensor& support, const Tensor& query, double temperature);

struct PrototypicalOptions {
  double temperature = 0;
  template <class V>
  void fields(V& v) {
    v("temperature", temperature,
      "0: squared Euclidean distances; else cosines divided by it, with which one shot and one "
      "query make InfoNCE",
      range(0, 1e3));
  }
};

// c_k = mean of way k's support; logits -|f(x) - c_k|^2; cross-entropy, the mean over all queries.
// Source: Snell, Swersky, Zemel, "Prototypical networks for few-shot learning", NeurIPS 2017,
// equations 1 and 2.
class Prototypical : public EncoderMethod {
 public:
  using Options = PrototypicalOptions;
  Prototypical(const MethodInput& input, const Options& options);
  Prototypical(std::shared_ptr<Encoder> encoder, const Options& options = {})
      : EncoderMethod(std::move(encoder), true), options_(options) {}
  Tensor episode_loss(const EpisodeFeatures& features) override;
  // The logits up to a constant of each query.
  Tensor episode_scores(const EpisodeFeatures& features) override;

 private:
  Options options_;
};

}  // namespace likewise::fewshot
