#pragma once
// SimCLR: two views of an image agree more with each other than with any other image of the batch.

#include "likewise/losses/nt_xent.hpp"
#include "likewise/methods/false_negatives.hpp"
#include "likewise/methods/head_method.hpp"

namespace likewise {

// L = mean over the 2N views of -s(i, p(i))/tau + log sum_{j != i} exp(s(i, j)/tau), on projections
// z = head(encoder(x)); see losses/nt_xent.hpp. The encoder's output, not z, is the feature.
// Source: Chen et al., "A simple framework for contrastive learning of visual representations",
// ICML 2020. `decoupled` is DCL (Yeh et al., ECCV 2022). More than two views: the mean over all
// pairs of views. Options besides: false negatives removed, debiased and hard negatives
// (losses/weighted_nt_xent.hpp), SogCLR's moving averages, the viewmaker authors' one-sided form.
class Simclr : public HeadMethod {
 public:
  struct Options {
    NtXentOptions loss{.temperature = 0.2};
    HeadOptions head;
    bool learnable_temperature = false;
    std::string form = "paper";
    double debias = 0, hardness = 0, sogclr = 0;
    FalseNegativeOptions false_negatives;
    template <class V>
    void fields(V& v) {
      v.group("loss", loss);
      v("loss.learnable_temperature", learnable_temperature,
        "learn log(1/temperature), kept at 100 or below; no weight decay on it");
      v("loss.form", form,
        "paper: all views are anchors; viewmaker: the first view's only, itself in the denominator",
        choices({"paper", "viewmaker"}));
      v("loss.debias", debias, "assumed share of false negatives, to be taken out (0.1); 0: none",
        range(0, 0.99));
      v("loss.hardness", hardness, "weigh negatives by exp(this times their logit) (1); 0: alike",
        range(0, 1e3));
      v("loss.sogclr", sogclr,
        "gamma of moving averages in the denominators, for small batches (0.9); 0: none",
        range(0, 1));
      v.group("negatives", false_negatives);
      v.group("head", head);
    }
  };

  Simclr(std::shared_ptr<Encoder> encoder, const Options& options);
  void begin(const TrainContext& context) override;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;

 private:
  Tensor pair_loss(const Tensor& a, const Tensor& b, const Batch& batch, const Tensor& groups);

  Options options_;
  Tensor log_averages_;  // [samples], SogCLR's log u
  FalseNegatives false_negatives_;
  Tensor log_inverse_temperature_;  // scalar, or undefined when fixed
};

}  // namespace likewise
