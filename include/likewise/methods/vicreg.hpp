#pragma once
// VICReg: views meet, every dimension varies, no two dimensions vary together.

#include "likewise/losses/decorrelation.hpp"
#include "likewise/methods/method.hpp"
#include "likewise/nn/heads.hpp"

namespace likewise {

// L = 25 invariance + 25 variance + covariance of the projections; see losses/decorrelation.hpp.
// Source: Bardes, Ponce, LeCun, "VICReg", ICLR 2022. The paper's head: 3 layers of 8192.
class VicReg : public Method {
 public:
  struct Options {
    VicRegOptions loss;
    HeadOptions head{.layers = 3, .hidden = 512, .out = 512};
    template <class V>
    void fields(V& v) {
      v.group("loss", loss);
      v.group("head", head);
    }
  };

  VicReg(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor project(const Tensor& h) override { return head_->forward(h); }
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;

 private:
  Options options_;
  std::shared_ptr<Head> head_;
};

}  // namespace likewise
