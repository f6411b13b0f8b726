#pragma once
// SimCLR: two views of an image agree more with each other than with any other image of the batch.

#include "likewise/losses/nt_xent.hpp"
#include "likewise/methods/method.hpp"
#include "likewise/nn/heads.hpp"

namespace likewise {

// L = mean over the 2N views of -s(i, p(i))/tau + log sum_{j != i} exp(s(i, j)/tau), on projections
// z = head(encoder(x)); see losses/nt_xent.hpp. The encoder's output, not z, is the feature.
// Source: Chen et al., "A simple framework for contrastive learning of visual representations",
// ICML 2020. `decoupled` is DCL (Yeh et al., ECCV 2022). More than two views: the mean over all
// pairs of views.
class Simclr : public Method {
 public:
  struct Options {
    NtXentOptions loss{.temperature = 0.2};
    HeadOptions head;
    bool learnable_temperature = false;
    template <class V>
    void fields(V& v) {
      v.group("loss", loss);
      v("loss.learnable_temperature", learnable_temperature,
        "learn log(1/temperature), kept at 100 or below; no weight decay on it");
      v.group("head", head);
    }
  };

  Simclr(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor project(const Tensor& h) override;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;

 private:
  Options options_;
  std::shared_ptr<Head> head_;
  Tensor log_inverse_temperature_;  // scalar, or undefined when fixed
};

}  // namespace likewise
