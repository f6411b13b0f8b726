#pragma once
// BYOL: predict what a slow copy of the encoder says of the other view. No negatives.

#include "likewise/methods/head_method.hpp"
#include "likewise/methods/slow_copy.hpp"

namespace likewise {

// p = predictor(head(encoder(x))), t = the slow copy's head(encoder(x)) without gradient:
//   L = 2 - 2 cos(p0, t1) + 2 - 2 cos(p1, t0),   mean over the batch, in [0, 8]
// The copy follows with a momentum that rises to its end along a cosine.
// Source: Grill et al., "Bootstrap your own latent", NeurIPS 2020, equations 1 to 4. The paper's
// heads: 2 layers, 4096 to 256; momentum 0.996 to 1.
// Without stop_gradient the target is the learner itself and takes the gradient: it collapses.
class Byol : public PredictorMethod {
 public:
  struct Options {
    SlowCopyOptions copy;
    bool stop_gradient = true;
    HeadOptions head;
    HeadOptions predictor;
    template <class V>
    void fields(V& v) {
      copy.fields(v);
      v("stop_gradient", stop_gradient,
        "the target takes no gradient; without it training collapses, to be seen");
      v.group("head", head);
      v.group("predictor", predictor);
    }
  };

  Byol(std::shared_ptr<Encoder> encoder, const Options& options);
  void begin(const TrainContext& context) override;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  bool has_temperature() const override { return false; }
  void after_step(const TrainProgress& progress) override;
  const torch::nn::Module* slow_copy() const override { return copy_.get(); }

 private:
  Options options_;
  std::shared_ptr<SlowCopy> copy_;
};

}  // namespace likewise
