#pragma once
// CPC: what stands above predicts the patches below.

#include "likewise/methods/method.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise {

// A view is cut into a grid of overlapping square patches (side `patch`, stride half of it); the
// encoder gives each its z. A context network sees, for the patch in row u, rows up to u only:
//   c = context(z),   prediction k rows down: W_k c_{u,v}
//   L = mean over k and (u, v) of CE over all patches of all images of (W_k c_{u,v} . z / tau),
//   target
//       z_{u+k,v}: negatives within and across images
// Predictions and z have length 1. Evaluation gives the encoder whole images; it must take any
// size. Source: van den Oord, Li, Vinyals, "Representation learning with contrastive predictive
// coding", 2018: images of 256, patches of 64, 7 x 7 of them, 5 rows down, no temperature and no
// length.
class Cpc : public Method {
 public:
  struct Options {
    int64_t patch = 0;
    int64_t rows_down = 3;
    int64_t context_layers = 2;
    double temperature = 0.1;
    template <class V>
    void fields(V& v) {
      v("patch", patch, "side of the patches in pixels; 0: a quarter of the view's",
        range(0, 4096));
      v("rows_down", rows_down, "how many rows below are predicted", range(1, 64));
      v("context_layers", context_layers, "convolutions of the context network", range(1, 16));
      v("loss.temperature", temperature, "inner products are divided by it", range(1e-3, 1e3));
    }
    int64_t views() const { return 1; }
  };

  Cpc(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor loss(const Batch& batch, const Player& player) override;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  bool loss_is_of_embeddings() const override { return false; }

  // z [N, D, R, C], the embeddings of a grid of patches -> context of the same shape; row u depends
  // on rows 0 to u.
  Tensor context(const Tensor& z);

 private:
  Options options_;
  std::vector<std::shared_ptr<Conv2d>> convolutions_;
  std::vector<std::shared_ptr<Linear>> predictors_;
};

}  // namespace likewise
