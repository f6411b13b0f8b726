#pragma once
// Barlow Twins: the dimensions of two views agree one to one and carry nothing twice.

#include "likewise/losses/decorrelation.hpp"
#include "likewise/methods/method.hpp"
#include "likewise/nn/heads.hpp"

namespace likewise {

// L = sum_d (1 - C_dd)^2 + lambda sum_{d != e} C_de^2 of the cross-correlation C of the projections;
// see losses/decorrelation.hpp. Source: Zbontar et al., "Barlow Twins: self-supervised learning via
// redundancy reduction", ICML 2021. The paper's head: 3 layers of 8192 (CIFAR recipes 2048).
class BarlowTwins : public Method {
 public:
  struct Options {
    BarlowTwinsOptions loss;
    HeadOptions head{.layers = 3, .hidden = 512, .out = 512};
    template <class V>
    void fields(V& v) {
      v.group("loss", loss);
      v.group("head", head);
    }
  };

  BarlowTwins(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor project(const Tensor& h) override { return head_->forward(h); }
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;

 private:
  Options options_;
  std::shared_ptr<Head> head_;
};

}  // namespace likewise
