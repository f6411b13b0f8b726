#include "likewise/losses/decorrelation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/relu.h>

#include "likewise/base/error.hpp"

namespace likewise {
namespace {

void check(const Tensor& z0, const Tensor& z1, const char* name) {
  LIKEWISE_CHECK(z0.dim() == 2 && z0.sizes() == z1.sizes(), "two views [N, D] of one size");
  if (z0.size(0) < 2) throw UserError("{} needs a batch of at least 2", name);
}

// sum of the squares off the diagonal
Tensor off_diagonal(const Tensor& square) {
  return square.pow(2).sum() - square.diagonal().pow(2).sum();
}

Tensor variance_term(const Tensor& centred, double eps) {
  const double freedom = static_cast<double>(centred.size(0) - 1);
  return at::relu(1 - (centred.pow(2).sum(0) / freedom + eps).sqrt()).mean();
}

Tensor covariance_term(const Tensor& centred) {
  const double freedom = static_cast<double>(centred.size(0) - 1);
  return off_diagonal(at::matmul(centred.t(), centred) / freedom) /
         static_cast<double>(centred.size(1));
}

}  // namespace

Tensor barlow_twins(const Tensor& z0, const Tensor& z1, const BarlowTwinsOptions& options) {
  check(z0, z1, "Barlow Twins");
  const auto standardise = [](const Tensor& z) {
    const Tensor centred = z - z.mean(0);
    return centred / (centred.pow(2).mean(0) + 1e-5).sqrt();
  };
  const Tensor c =
      at::matmul(standardise(z0).t(), standardise(z1)) / static_cast<double>(z0.size(0));
  return options.scale *
         ((1 - c.diagonal()).pow(2).sum() + options.lambda * off_diagonal(c));
}

Tensor vicreg(const Tensor& z0, const Tensor& z1, const VicRegOptions& options) {
  check(z0, z1, "VICReg");
  const Tensor a = z0 - z0.mean(0), b = z1 - z1.mean(0);
  const double half = options.halve_variance ? 0.5 : 1;
  return options.invariance * (z0 - z1).pow(2).mean() +
         options.variance * half * (variance_term(a, options.eps) + variance_term(b, options.eps)) +
         options.covariance * (covariance_term(a) + covariance_term(b));
}

}  // namespace likewise
