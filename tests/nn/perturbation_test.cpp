#include "likewise/nn/perturbation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"

namespace likewise {
namespace {

Tensor random_double(at::IntArrayRef shape, uint64_t seed, double scale = 1) {
  Tensor x = at::empty(shape, at::kDouble);
  Rng rng(seed);
  for (int64_t i = 0; i < x.numel(); ++i) x.data_ptr<double>()[i] = scale * rng.normal();
  return x;
}

TEST(Bound, TheMeanSizeIsTheBudgetTimesAOverAPlusATenThousandth) {
  for (const double scale : {1e-6, 1e-3, 1.0, 30.0}) {
    const Tensor y = random_double({5, 3, 8, 8}, 1, scale);
    for (const double budget : {0.05, 2.0}) {
      const Tensor delta = bounded_perturbation(y, budget);
      const Tensor small = bounded_perturbation(y.to(at::kFloat), budget);
      for (int64_t i = 0; i < 5; ++i) {
        const double a = at::tanh(y[i]).abs().mean().item<double>();
        EXPECT_NEAR(delta[i].abs().mean().item<double>(), budget * a / (a + 1e-4), 1e-9);
        EXPECT_NEAR(small[i].abs().mean().item<double>(), budget * a / (a + 1e-4), 1e-6 * budget);
      }
    }
  }
}

TEST(Bound, TheOtherNormsBoundTheMeanSquareAndTheLargestValue) {
  const Tensor y = random_double({4, 30}, 2);
  const Tensor square = bounded_perturbation(y, 0.1, PerturbationNorm::l2);
  for (int64_t i = 0; i < 4; ++i) {
    const double a = std::sqrt(at::tanh(y[i]).square().mean().item<double>());
    EXPECT_NEAR(std::sqrt(square[i].square().mean().item<double>()), 0.1 * a / (a + 1e-4), 1e-9);
  }
  EXPECT_LT(bounded_perturbation(y, 0.1, PerturbationNorm::linf).abs().max().item<double>(), 0.1);
  EXPECT_THROW(perturbation_norm("l3"), UserError);
}

TEST(Bound, ZeroStaysZeroWithAFiniteGradient) {
  for (const auto norm : {PerturbationNorm::l1, PerturbationNorm::l2, PerturbationNorm::linf}) {
    Tensor y = at::zeros({2, 4}, at::kDouble).set_requires_grad(true);
    const Tensor delta = bounded_perturbation(y, 0.05, norm);
    EXPECT_EQ(delta.abs().max().item<double>(), 0);
    (delta * random_double({2, 4}, 3)).sum().backward();
    EXPECT_TRUE(std::isfinite(y.grad().abs().sum().item<double>()));
  }
}

TEST(Bound, ItsGradientIsThatOfCentralDifferences) {
  const Tensor weights = random_double({2, 2, 3, 4}, 5);
  for (const auto norm : {PerturbationNorm::l1, PerturbationNorm::l2, PerturbationNorm::linf}) {
    for (const bool cosines : {false, true}) {
      const auto value = [&](const Tensor& y) {
        const Tensor delta = bounded_perturbation(y, 0.3, norm);
        return (weights * (cosines ? inverse_cosine_transform(delta) : delta).square()).sum();
      };
      Tensor y = random_double({2, 2, 3, 4}, 4).set_requires_grad(true);
      value(y).backward();
      const Tensor plain = y.detach().clone();
      constexpr double kStep = 1e-6;
      for (int64_t i = 0; i < plain.numel(); ++i) {
        double* at = plain.data_ptr<double>() + i;
        const double middle = *at;
        *at = middle + kStep;
        const double up = value(plain).item<double>();
        *at = middle - kStep;
        const double down = value(plain).item<double>();
        *at = middle;
        EXPECT_NEAR(y.grad().contiguous().data_ptr<double>()[i], (up - down) / (2 * kStep), 1e-7);
      }
    }
  }
}

TEST(CosineTransform, IsTheSumOfItsDefinitionAndOrthonormal) {
  const Tensor x = random_double({2, 7}, 6);
  const Tensor y = cosine_transform(x);
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t k = 0; k < 7; ++k) {
      double sum = 0;
      for (int64_t i = 0; i < 7; ++i) {
        sum += x[b][i].item<double>() * std::cos(std::numbers::pi * static_cast<double>(k) *
                                                 (static_cast<double>(i) + 0.5) / 7);
      }
      EXPECT_NEAR(y[b][k].item<double>(), std::sqrt((k == 0 ? 1.0 : 2.0) / 7) * sum, 1e-12);
    }
  }
  for (const Tensor& z : {random_double({2, 3, 6, 5}, 7), random_double({2, 3, 9}, 8), x}) {
    const Tensor there = cosine_transform(z);
    EXPECT_TRUE(at::allclose(inverse_cosine_transform(there), z, 1e-12, 1e-12));
    EXPECT_NEAR(there.square().sum().item<double>(), z.square().sum().item<double>(), 1e-10);
  }
  // Channels are not mixed: a constant image has all of it in its first coefficient.
  const Tensor constant = cosine_transform(at::zeros({1, 2, 4, 4}, at::kDouble) + 1);
  EXPECT_NEAR(constant[0][1][0][0].item<double>(), 4, 1e-12);
  EXPECT_NEAR(constant.abs().sum().item<double>(), 8, 1e-12);
}

}  // namespace
}  // namespace likewise
