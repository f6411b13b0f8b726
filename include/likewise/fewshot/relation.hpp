#pragma once
// Relation networks: the comparison itself is learned.

#include "likewise/base/options.hpp"
#include "likewise/fewshot/method.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise::fewshot {

// conv4 without its last two pools, so that places are kept: two blocks without padding and with
// pool, two with padding and without. x [N, C, S, S] -> maps [N, 64, m, m], flattened,
// m = ((S - 2) / 2 - 2) / 2: 5 for 28 pixels. UserError below 22 pixels.
class RelationEncoder : public Encoder {
 public:
  RelationEncoder(int64_t channels, int64_t size, int64_t width = 64);
  Tensor forward(const Tensor& x) override;
  int64_t feature_dim() const override { return width_ * side_ * side_; }
  int64_t side() const { return side_; }
  int64_t width() const { return width_; }

 private:
  int64_t width_, side_;
  std::vector<std::shared_ptr<Conv2d>> convs_;
  std::vector<std::shared_ptr<BatchNorm>> norms_;
};

struct RelationOptions {
  std::string shots = "mean";
  int64_t hidden = 8;
  template <class V>
  void fields(V& v) {
    v("class_map", shots,
      "of several shots: their mean, which any number of shots leaves in one scale, or the paper's "
      "sum",
      choices({"mean", "sum"}));
    v("hidden", hidden, "width of the relation module's last hidden layer", range(1, 4096));
  }
};

// Class map and query map side by side [2 * 64, m, m] pass two blocks of convolution, batch norm,
// rectifier and pool, then two linear layers and a sigmoid: r in [0, 1]. Loss: mean of (r - 1)^2
// for the query's way and r^2 for the others, over all pairs; a constant 1/N has (N - 1) / N^2.
// Source: Sung et al., "Learning to compare: relation network for few-shot learning", CVPR 2018.
// The authors' program never leaves training mode: its figures are transductive.
class Relation : public EncoderMethod {
 public:
  using Options = RelationOptions;
  Relation(const MethodInput& input, const Options& options);
  Tensor episode_loss(const EpisodeFeatures& features) override;
  Tensor episode_scores(const EpisodeFeatures& features) override;  // r
  std::vector<NormMode> norm_modes() const override {
    return {NormMode::kInductive, NormMode::kTransductive};
  }

 private:
  Relation(std::shared_ptr<RelationEncoder> encoder, const Options& options);

  Options options_;
  int64_t width_, side_;
  std::vector<std::shared_ptr<Conv2d>> convs_;
  std::vector<std::shared_ptr<BatchNorm>> norms_;
  std::shared_ptr<Linear> hidden_, out_;
};

}  // namespace likewise::fewshot
