#pragma once
// The contrastive loss with a margin: pairs of a class together, others apart.

#include "likewise/losses/triplet.hpp"
#include "likewise/methods/class_method.hpp"

namespace likewise {

// Mean over all pairs of y d^2/2 + (1 - y) max(0, margin - d)^2/2, see losses/triplet.hpp. Classes
// as in method triplet. Source: Hadsell, Chopra, LeCun, CVPR 2006.
class ContrastiveMargin : public ClassMethod<ContrastiveMarginOptions> {
 public:
  using ClassMethod::ClassMethod;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  bool has_temperature() const override { return false; }
};

}  // namespace likewise
