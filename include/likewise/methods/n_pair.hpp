#pragma once
// N-pair: one positive against the positives of all other classes.

#include "likewise/losses/n_pair.hpp"
#include "likewise/methods/method.hpp"
#include "likewise/nn/heads.hpp"

namespace likewise {

// The N-pair loss, see losses/n_pair.hpp. Of every class with two samples in the batch the first two
// make a pair (--per_class 2 draws such batches); a sample without a label, or alone in its class,
// pairs its two views. Source: Sohn, NeurIPS 2016: inner products without temperature.
class NPair : public Method {
 public:
  struct Options {
    NPairOptions loss;
    bool labels = true;
    HeadOptions head{.layers = 1, .out = 64};
    template <class V>
    void fields(V& v) {
      v.group("loss", loss);
      v("loss.labels", labels, "use the labels that the data have");
      v.group("head", head);
    }
    bool uses_labels() const { return labels; }
  };

  NPair(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor project(const Tensor& h) override { return head_->forward(h); }
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;

 private:
  Options options_;
  std::shared_ptr<Head> head_;
};

}  // namespace likewise
