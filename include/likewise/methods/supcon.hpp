#pragma once
// Supervised contrastive learning: all samples of a class are each other's positives.

#include "likewise/losses/supcon.hpp"
#include "likewise/methods/method.hpp"
#include "likewise/nn/heads.hpp"

namespace likewise {

// SupCon over the projections of all views, see losses/supcon.hpp. Uses the labels of the data;
// samples without one have only their own views as positives, so that without any label it is SimCLR.
// --per_class K draws batches of K samples a class. Source: Khosla et al., NeurIPS 2020.
class SupCon : public Method {
 public:
  struct Options {
    double temperature = 0.1;
    std::string form = "out";
    bool labels = true;
    HeadOptions head;
    template <class V>
    void fields(V& v) {
      v("loss.temperature", temperature, "similarities are divided by it", range(1e-3, 1e3));
      v("loss.form", form, "positives averaged outside or inside the logarithm, or each apart from the others",
        choices({"out", "in", "apart"}));
      v("loss.labels", labels, "use the labels that the data have");
      v.group("head", head);
    }
    bool uses_labels() const { return labels; }
  };

  SupCon(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor project(const Tensor& h) override { return head_->forward(h); }
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;

 private:
  Options options_;
  std::shared_ptr<Head> head_;
};

}  // namespace likewise
