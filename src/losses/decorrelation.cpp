#include "likewise/losses/decorrelation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/relu.h>

#include "likewise/base/error.hpp"
#include "losses/known_gradient.hpp"

namespace likewise {
namespace {

void check(const Tensor& z0, const Tensor& z1, const char* name) {
  LIKEWISE_CHECK(z0.dim() == 2 && z0.sizes() == z1.sizes(), "two views [N, D] of one size");
  if (z0.size(0) < 2) throw UserError("{} needs a batch of at least 2", name);
}

double sum_of_squares(const Tensor& x) { return x.pow(2).sum().item<double>(); }

// Columns of mean 0 and variance about 1, and what they were divided by.
struct Standard {
  explicit Standard(const Tensor& z) : rows(z.detach() - z.detach().mean(0)) {
    deviation = rows.pow(2).mean(0).add_(1e-5).sqrt_();
    rows.div_(deviation);
  }
  // The gradient of z, that of the standardised rows given: g is overwritten.
  Tensor back(Tensor g) const {
    g.sub_(rows * (g * rows).mean(0)).div_(deviation);
    return g.sub_(g.mean(0));
  }
  Tensor rows, deviation;
};

// Variance and covariance terms of one view, and their gradient.
struct Moments {
  Moments(const Tensor& z, const VicRegOptions& options, double variance_weight, bool with) {
    const auto n = static_cast<double>(z.size(0)), d = static_cast<double>(z.size(1));
    const Tensor centred = z.detach() - z.detach().mean(0);
    const Tensor covariance = at::matmul(centred.t(), centred).div_(n - 1);  // [D, D]
    const Tensor deviation = (covariance.diagonal() + options.eps).sqrt();
    const Tensor short_of = at::relu(1 - deviation);
    value = variance_weight * short_of.mean().item<double>();
    covariance.diagonal().fill_(0);
    value += options.covariance * sum_of_squares(covariance) / d;
    if (!with) return;
    // d/dcentred: of a variance 2 centred / (n - 1), of the squares 4 centred Cov / (n - 1)
    const Tensor slope =
        (short_of > 0).to(z.scalar_type()).div_(deviation).mul_(-variance_weight / (d * (n - 1)));
    gradient = at::matmul(centred, covariance).mul_(4 * options.covariance / (d * (n - 1)));
    gradient.add_(centred * slope);
    gradient.sub_(gradient.mean(0));
  }
  double value = 0;
  Tensor gradient;
};

}  // namespace

Tensor barlow_twins(const Tensor& z0, const Tensor& z1, const BarlowTwinsOptions& options) {
  check(z0, z1, "Barlow Twins");
  const bool with0 = wants_gradient(z0), with1 = wants_gradient(z1);
  double value = 0;
  Tensor grad0, grad1;
  {
    const at::NoGradGuard no_grad;
    const auto n = static_cast<double>(z0.size(0));
    const Standard a(z0), b(z1);
    const Tensor c = at::matmul(a.rows.t(), b.rows).div_(n);  // [D, D]
    const Tensor missing = 1 - c.diagonal();
    c.diagonal().fill_(0);
    value = options.scale * (sum_of_squares(missing) + options.lambda * sum_of_squares(c));
    if (with0 || with1) {
      const Tensor slope = c.mul_(2 * options.lambda);  // d/dC
      slope.diagonal().copy_(missing.mul(-2));
      slope.mul_(options.scale / n);
      if (with0) grad0 = a.back(at::matmul(b.rows, slope.t()));
      if (with1) grad1 = b.back(at::matmul(a.rows, slope));
    }
  }
  return with_gradient(value, z0, grad0, z1, grad1);
}

Tensor vicreg(const Tensor& z0, const Tensor& z1, const VicRegOptions& options) {
  check(z0, z1, "VICReg");
  const bool with0 = wants_gradient(z0), with1 = wants_gradient(z1);
  const double variance = options.variance * (options.halve_variance ? 0.5 : 1);
  double value = 0;
  Tensor grad0, grad1;
  {
    const at::NoGradGuard no_grad;
    Moments a(z0, options, variance, with0), b(z1, options, variance, with1);
    const Tensor apart = z0.detach() - z1.detach();
    const double elements = static_cast<double>(apart.numel());
    value = options.invariance * sum_of_squares(apart) / elements + a.value + b.value;
    const double pull = 2 * options.invariance / elements;
    if (with0) grad0 = a.gradient.add_(apart, pull);
    if (with1) grad1 = b.gradient.add_(apart, -pull);
  }
  return with_gradient(value, z0, grad0, z1, grad1);
}

}  // namespace likewise
