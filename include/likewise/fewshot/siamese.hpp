#pragma once
// Siamese networks with a learned match: are two images of one class?

#include "likewise/base/options.hpp"
#include "likewise/fewshot/method.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise::fewshot {

// Koch's network: convolutions 64 of 10 x 10, 128 of 7 x 7, 128 of 4 x 4, 256 of 4 x 4, each with
// bias and rectifier, pools behind the first three, then a linear layer of 4,096 with a sigmoid.
// x [N, C, 105, 105] -> [N, 4096]; 38,947,648 parameters, 38,951,745 with the match.
// Starts normal: convolutions with deviation 0.01, the linear layer 0.2, biases 0.5 +- 0.01.
class KochEncoder : public Encoder {
 public:
  explicit KochEncoder(int64_t channels, int64_t size = 105);
  Tensor forward(const Tensor& x) override;
  int64_t feature_dim() const override { return 4096; }

 private:
  std::vector<std::shared_ptr<Layer>> convs_;
  std::shared_ptr<Layer> linear_;
};

struct SiameseOptions {
  std::string network = "encoder";
  bool norm = true;
  template <class V>
  void fields(V& v) {
    v("network", network,
      "encoder: that of --encoder with batch norm behind the difference; koch: the paper's, for "
      "105 pixels",
      choices({"encoder", "koch"}));
    v("norm", norm, "batch norm of |h1 - h2| before the weights (not in the paper; not for koch)");
  }
};

// log-odds sum_j a_j |h1_j - h2_j| + b of rows: [B, D], [B, D], weight [1, D], bias [1] -> [B].
Tensor match_logits(const Tensor& h1, const Tensor& h2, const Tensor& weight, const Tensor& bias);

// p = sigmoid(sum_j a_j |h1_j - h2_j| + b) that two images are of one class; loss: binary
// cross-entropy, half of the pairs equal. A batch of N ways gives the N Q pairs of each query and
// its way's first support, and as many of it with the next way's. A query is given to the way of
// the largest mean p over its shots.
// Source: Koch, Zemel, Salakhutdinov, "Siamese neural networks for one-shot image recognition",
// ICML deep learning workshop 2015.
class Siamese : public EncoderMethod {
 public:
  using Options = SiameseOptions;
  Siamese(const MethodInput& input, const Options& options);
  Tensor episode_loss(const EpisodeFeatures& features) override;
  Tensor episode_scores(const EpisodeFeatures& features) override;  // mean p
  std::vector<NormMode> norm_modes() const override { return {NormMode::kInductive}; }

  // Share of the pairs of `episode_loss` on the right side of p = 1/2.
  double verification_accuracy(const EpisodeFeatures& features);
  Tensor match(const Tensor& h1, const Tensor& h2);  // log-odds [B]

 private:
  Siamese(std::shared_ptr<Encoder> encoder, bool from_catalogue, const Options& options);
  // Log-odds of the equal pairs, then of the different ones: [2, E N Q].
  Tensor pair_logits(const EpisodeFeatures& features);

  std::shared_ptr<BatchNorm> norm_;  // null: none
  std::shared_ptr<Linear> weights_;
};

}  // namespace likewise::fewshot
