#pragma once
// N-pair: one positive against the positives of all other classes.

#include "likewise/losses/n_pair.hpp"
#include "likewise/methods/class_method.hpp"

namespace likewise {

// The N-pair loss, see losses/n_pair.hpp. Of every class with two samples in the batch the first
// two make a pair (--per_class 2 draws such batches); a sample without a label, or alone in its
// class, pairs its two views. Source: Sohn, NeurIPS 2016: inner products without temperature.
class NPair : public ClassMethod<NPairOptions> {
 public:
  using ClassMethod::ClassMethod;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
};

}  // namespace likewise
