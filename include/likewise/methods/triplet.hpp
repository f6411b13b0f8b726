#pragma once
// Triplets: positives nearer than negatives by a margin, with mining in the batch.

#include "likewise/losses/triplet.hpp"
#include "likewise/methods/method.hpp"
#include "likewise/nn/heads.hpp"

namespace likewise {

// The triplet loss over the projections of all views, see losses/triplet.hpp. Classes are the labels
// of the data where there are any, and else each sample with its views. --per_class K draws batches
// of K samples a class. Sources: Schroff et al., CVPR 2015; Hermans et al., 2017.
class Triplet : public Method {
 public:
  struct Options {
    TripletOptions loss;
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

  Triplet(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor project(const Tensor& h) override { return head_->forward(h); }
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;

 private:
  Options options_;
  std::shared_ptr<Head> head_;
};

}  // namespace likewise
