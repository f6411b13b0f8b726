#pragma once
// Losses on the dimensions instead of the samples: Barlow Twins and VICReg.

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct BarlowTwinsOptions {
  double lambda = 5e-3;
  double scale = 1;
  template <class V>
  void fields(V& v) {
    v("lambda", lambda, "weight of the terms off the diagonal", range(0, 1e3));
    v("scale", scale, "factor of the whole loss (authors 0.024; 0.1 in CIFAR recipes)", range(0, 1e3));
  }
};

// C = B0^T B1 / N, B the columns standardised over the batch (biased variance + 1e-5):
//   L = scale (sum_d (1 - C_dd)^2 + lambda sum_{d != e} C_de^2)
// z0, z1 [N, D], N >= 2 -> scalar. Source: Zbontar et al., ICML 2021, equations 1 and 2.
Tensor barlow_twins(const Tensor& z0, const Tensor& z1, const BarlowTwinsOptions& options = {});

struct VicRegOptions {
  double invariance = 25, variance = 25, covariance = 1;
  double eps = 1e-4;
  bool halve_variance = true;
  template <class V>
  void fields(V& v) {
    v("invariance", invariance, "weight of the distance between views", range(0, 1e6));
    v("variance", variance, "weight of the hinge on each dimension's deviation", range(0, 1e6));
    v("covariance", covariance, "weight of the covariances between dimensions", range(0, 1e6));
    v("eps", eps, "added to variances under the root", range(0, 1));
    v("halve_variance", halve_variance,
      "mean over the two views of the variance term, as in the authors' code; else their sum, as in "
      "the paper and solo-learn");
  }
};

// L = invariance mse(z0, z1) + variance (v(z0) + v(z1)) [/ 2] + covariance (c(z0) + c(z1)),
//   v(z) = mean_d max(0, 1 - sqrt(var_d + eps)),  c(z) = 1/D sum_{d != e} Cov_de^2,
// variances and covariances with N - 1, mse the mean over all elements.
// z0, z1 [N, D], N >= 2 -> scalar. Source: Bardes et al., "VICReg", ICLR 2022, equations 1 to 6.
Tensor vicreg(const Tensor& z0, const Tensor& z1, const VicRegOptions& options = {});

}  // namespace likewise
