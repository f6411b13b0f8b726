#pragma once
// The contrastive loss with a margin: pairs of a class together, others apart.

#include "likewise/losses/triplet.hpp"
#include "likewise/methods/method.hpp"
#include "likewise/nn/heads.hpp"

namespace likewise {

// Mean over all pairs of y d^2/2 + (1 - y) max(0, margin - d)^2/2, see losses/triplet.hpp. Classes as
// in method triplet. Source: Hadsell, Chopra, LeCun, CVPR 2006.
class ContrastiveMargin : public Method {
 public:
  struct Options {
    ContrastiveMarginOptions loss;
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

  ContrastiveMargin(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor project(const Tensor& h) override { return head_->forward(h); }
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;

 private:
  Options options_;
  std::shared_ptr<Head> head_;
};

}  // namespace likewise
