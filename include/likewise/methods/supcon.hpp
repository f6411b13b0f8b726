#pragma once
// Supervised contrastive learning: all samples of a class are each other's positives.

#include "likewise/losses/supcon.hpp"
#include "likewise/methods/class_method.hpp"

namespace likewise {

struct SupConOptions {
  double temperature = 0.1;
  std::string form = "out";
  template <class V>
  void fields(V& v) {
    v("temperature", temperature, "similarities are divided by it", range(1e-3, 1e3));
    v("form", form,
      "positives averaged outside or inside the logarithm, or each apart from the others",
      choices({"out", "in", "apart"}));
  }
};

// SupCon over the projections of all views, see losses/supcon.hpp. Uses the labels of the data;
// samples without one have only their own views as positives, so that without any label it is
// SimCLR.
// --per_class K draws batches of K samples a class. Source: Khosla et al., NeurIPS 2020.
class SupCon : public ClassMethod<SupConOptions> {
 public:
  struct Options : ClassMethodOptions<SupConOptions> {
    Options() { head = HeadOptions{}; }
  };
  using ClassMethod::ClassMethod;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
};

}  // namespace likewise
