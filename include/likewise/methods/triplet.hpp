#pragma once
// Triplets: positives nearer than negatives by a margin, with mining in the batch.

#include "likewise/losses/triplet.hpp"
#include "likewise/methods/class_method.hpp"

namespace likewise {

// The triplet loss over the projections of all views, see losses/triplet.hpp. Classes are the
// labels of the data where there are any, and else each sample with its views. --per_class K draws
// batches of K samples a class. Sources: Schroff et al., CVPR 2015; Hermans et al., 2017.
class Triplet : public ClassMethod<TripletOptions> {
 public:
  using ClassMethod::ClassMethod;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  bool has_temperature() const override { return false; }
};

}  // namespace likewise
