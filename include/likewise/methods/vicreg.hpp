#pragma once
// VICReg: views meet, every dimension varies, no two dimensions vary together.

#include "likewise/losses/decorrelation.hpp"
#include "likewise/methods/head_method.hpp"

namespace likewise {

// L = 25 invariance + 25 variance + covariance of the projections; see losses/decorrelation.hpp.
// Source: Bardes, Ponce, LeCun, "VICReg", ICLR 2022. The paper's head: 3 layers of 8192.
class VicReg : public HeadMethod {
 public:
  struct Options : LossAndHead<VicRegOptions> {
    Options() { head = HeadOptions{.layers = 3, .hidden = 512, .out = 512}; }
  };

  VicReg(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  bool has_temperature() const override { return false; }

 private:
  VicRegOptions options_;
};

}  // namespace likewise
