#pragma once
// The spectral contrastive loss as a method.

#include "likewise/methods/head_method.hpp"

namespace likewise {

// L = -2 mean z0_i . z1_i + mean_{i != j} (z0_i . z1_j)^2, rows scaled into the ball of radius
// sqrt(mu); see losses/spectral.hpp. Source: HaoChen et al., NeurIPS 2021.
class Spectral : public HeadMethod {
 public:
  struct Options {
    double mu = 10;
    HeadOptions head;
    template <class V>
    void fields(V& v) {
      v("loss.mu", mu, "squared radius that longer embeddings are scaled to; 0: none",
        range(0, 1e6));
      v.group("head", head);
    }
  };

  Spectral(std::shared_ptr<Encoder> encoder, const Options& options);
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  bool has_temperature() const override { return false; }

 private:
  double mu_;
};

}  // namespace likewise
