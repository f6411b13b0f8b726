#pragma once
// Barlow Twins: the dimensions of two views agree one to one and carry nothing twice.

#include "likewise/losses/decorrelation.hpp"
#include "likewise/methods/head_method.hpp"

namespace likewise {

// L = sum_d (1 - C_dd)^2 + lambda sum_{d != e} C_de^2 of the cross-correlation C of the
// projections; see losses/decorrelation.hpp. Source: Zbontar et al., "Barlow Twins: self-supervised
// learning via redundancy reduction", ICML 2021. The paper's head: 3 layers of 8192 (CIFAR recipes
// 2048).
class BarlowTwins : public HeadMethod {
 public:
  struct Options : LossAndHead<BarlowTwinsOptions> {
    Options() { head = HeadOptions{.layers = 3, .hidden = 512, .out = 512}; }
  };

  BarlowTwins(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  bool has_temperature() const override { return false; }

 private:
  BarlowTwinsOptions options_;
};

}  // namespace likewise
