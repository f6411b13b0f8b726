#pragma once
// MoCo v3: keys of the same batch from a slow copy, a predictor on the queries, no queue.

#include "likewise/methods/false_negatives.hpp"
#include "likewise/methods/head_method.hpp"
#include "likewise/methods/slow_copy.hpp"

namespace likewise {

// q = predictor(head(encoder(x))), k = slow copy's head(encoder(x)) without gradient, rows of
// length 1:
//   L = 2 tau (InfoNCE(q0, k1) + InfoNCE(q1, k0)),   InfoNCE(q, k) = cross-entropy of q k^T / tau,
// target i for row i. The momentum rises to 1 along a cosine.
// Source: Chen, Xie, He, "An empirical study of training self-supervised vision transformers", ICCV
// 2021, algorithm 1. The paper's heads: 3 layers of 4096 to 256, norms behind the last;
// predictor 2.
class MocoV3 : public PredictorMethod {
 public:
  struct Options {
    double temperature = 0.2;
    SlowCopyOptions copy;
    FalseNegativeOptions false_negatives;
    HeadOptions head{.layers = 2, .last_batch_norm = true, .last_affine = false};
    HeadOptions predictor{.layers = 2, .last_batch_norm = true, .last_affine = false};
    template <class V>
    void fields(V& v) {
      v("loss.temperature", temperature, "similarities are divided by it", range(1e-3, 1e3));
      copy.fields(v);
      v.group("negatives", false_negatives);
      v.group("head", head);
      v.group("predictor", predictor);
    }
  };

  MocoV3(std::shared_ptr<Encoder> encoder, const Options& options);
  void begin(const TrainContext& context) override;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  void after_step(const TrainProgress& progress) override;
  const torch::nn::Module* slow_copy() const override { return copy_.get(); }

 private:
  Options options_;
  FalseNegatives false_negatives_;
  std::shared_ptr<SlowCopy> copy_;
};

}  // namespace likewise
