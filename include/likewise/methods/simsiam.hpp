#pragma once
// SimSiam: predict the other view's projection, which takes no gradient.

#include "likewise/methods/head_method.hpp"

namespace likewise {

// z = head(encoder(x)), p = predictor(z):
//   L = -cos(p0, stop(z1))/2 - cos(p1, stop(z0))/2,   mean over the batch, in [-1, 1]
// Source: Chen & He, "Exploring simple Siamese representation learning", CVPR 2021, algorithm 1.
// The paper's head: 3 layers of 2048 (2 for CIFAR), a norm without scale behind the last; its
// predictor a bottleneck of 512. Here the widths follow the encoder unless given.
class SimSiam : public PredictorMethod {
 public:
  struct Options {
    bool stop_gradient = true;
    HeadOptions head{.out = 256, .last_batch_norm = true, .last_affine = false};
    HeadOptions predictor{.hidden = 64};
    template <class V>
    void fields(V& v) {
      v("stop_gradient", stop_gradient,
        "the target takes no gradient; without it training collapses, to be seen");
      v.group("head", head);
      v.group("predictor", predictor);
    }
  };

  SimSiam(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  bool has_temperature() const override { return false; }

 private:
  bool stop_gradient_;
};

}  // namespace likewise
