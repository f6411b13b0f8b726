#include "likewise/losses/weighted_nt_xent.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>

#include "likewise/losses/nt_xent.hpp"
#include "likewise/losses/similarity_lse.hpp"
#include "losses/loss_support.hpp"

namespace likewise {
namespace {

using namespace likewise::loss_tests;

TEST(WeightedNtXent, AgreesWithGoldenValues) {
  const Golden file("losses");
  for (const std::string name : {"debiased_nt_xent_1", "debiased_nt_xent_floor",
                                 "debiased_nt_xent_zero", "hard_negative_nt_xent_1",
                                 "hard_negative_nt_xent_2"}) {
    const auto& options = file.entry(name).at("options");
    const WeightedNtXentOptions o{.temperature = options.at("temperature"),
                                  .tau_plus = options.at("tau_plus"),
                                  .beta = options.value("beta", 0.0)};
    expect_golden(file, name, {"z0", "z1"},
                  [&](const std::vector<Tensor>& z) { return weighted_nt_xent(z[0], z[1], o); });
  }
}

TEST(WeightedNtXent, WithoutWeightsIsNtXent) {
  const Tensor z0 = normal({8, 5}, 1), z1 = normal({8, 5}, 2);
  for (const bool decoupled : {false, true}) {
    const auto a = evaluate(
        [&](const std::vector<Tensor>& z) {
          return weighted_nt_xent(z[0], z[1], {.temperature = 0.3, .decoupled = decoupled});
        },
        {z0, z1});
    const auto b = evaluate(
        [&](const std::vector<Tensor>& z) {
          return nt_xent(z[0], z[1], {.temperature = 0.3, .decoupled = decoupled});
        },
        {z0, z1});
    EXPECT_NEAR(a.value, b.value, 1e-12);
    EXPECT_LT(difference(a.gradients[1], b.gradients[1]), 1e-12);
  }
}

TEST(WeightedNtXent, RemovedNegativesAreThoseOfTheGroup) {
  const int64_t n = 7;
  const Tensor z0 = normal({n, 5}, 1), z1 = normal({n, 5}, 2);
  const std::vector<int64_t> group = {0, 1, 0, -1, 2, 2, -1};
  const double c = 1 / 0.25;
  const Tensor x = at::cat({unit_rows(z0), unit_rows(z1)});
  double want = 0;
  for (int64_t i = 0; i < 2 * n; ++i) {
    const double p = c * (x[i] * x[(i + n) % (2 * n)]).sum().item<double>();
    double sum = std::exp(p);
    for (int64_t j = 0; j < 2 * n; ++j) {
      const auto a = static_cast<size_t>(i % n), b = static_cast<size_t>(j % n);
      if (a == b || (group[a] >= 0 && group[a] == group[b])) continue;
      sum += std::exp(c * (x[i] * x[j]).sum().item<double>());
    }
    want += (std::log(sum) - p) / (2 * n);
  }
  const Tensor groups = at::tensor(group, at::kLong);
  const Loss loss = [&](const std::vector<Tensor>& z) {
    return weighted_nt_xent(z[0], z[1], {.temperature = 0.25}, groups);
  };
  EXPECT_NEAR(loss({z0, z1}).item<double>(), want, 1e-12);
  expect_gradients(loss, {z0, z1});
}

TEST(WeightedNtXent, OneGroupLeavesNothingToCompare) {
  const auto got = evaluate(
      [](const std::vector<Tensor>& z) {
        return weighted_nt_xent(z[0], z[1], {}, at::zeros({4}, at::kLong));
      },
      {normal({4, 3}, 1), normal({4, 3}, 2)});
  EXPECT_EQ(got.value, 0);
  EXPECT_EQ(got.gradients[0].abs().sum().item<double>(), 0);
}

TEST(WeightedNtXent, GradientsEqualCentralDifferences) {
  const Tensor groups = at::tensor(std::vector<int64_t>{0, 0, 1, -1, 2, 1}, at::kLong);
  for (const bool decoupled : {false, true}) {
    expect_gradients(
        [&](const std::vector<Tensor>& z) {
          return weighted_nt_xent(
              z[0], z[1], {.temperature = 0.4, .decoupled = decoupled, .tau_plus = 0.05, .beta = 0.7},
              groups);
        },
        {normal({6, 4}, 1), normal({6, 4}, 2)});
  }
}

Tensor averages(int64_t n) {
  return at::full({n}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
}

TEST(Sogclr, AtGammaOneItsGradientIsThatOfTheDecoupledLossWhereBothViewsHaveOneDenominator) {
  // u is shared by both views: with z1 a copy of z0 their denominators are equal.
  const Tensor z = normal({6, 4}, 1);
  const Tensor index = at::arange(6, at::kLong);
  const auto a = evaluate(
      [&](const std::vector<Tensor>& x) {
        return sogclr(x[0], x[0] * 1.0, 0.3, 1, averages(6), index);
      },
      {z});
  const auto b = evaluate(
      [&](const std::vector<Tensor>& x) {
        return nt_xent_plain(x[0], x[0] * 1.0, {.temperature = 0.3, .decoupled = true});
      },
      {z});
  EXPECT_LT(difference(a.gradients[0], b.gradients[0]), 1e-10);
}

TEST(Sogclr, AveragesConvergeToTheMeanOfAFrozenNetwork) {
  const int64_t n = 64;
  const double tau = 0.5;
  const Tensor z0 = normal({n, 8}, 1), z1 = normal({n, 8}, 2);
  // The mean over all samples, both views.
  const Tensor x = at::cat({unit_rows(z0), unit_rows(z1)});
  KeyMask mask;
  mask.query_index = mask.key_index = at::arange(n, at::kLong).repeat({2});
  const Tensor lse = similarity_lse(x, x, scalar_like(1 / tau, x), mask).exp() / (2 * n - 2);
  const Tensor want = ((lse.narrow(0, 0, n) + lse.narrow(0, n, n)) / 2).log();
  const auto error_with = [&](double gamma) {
    const Tensor u = averages(n);
    Rng rng(3);
    for (int step = 0; step < 1500; ++step) {
      const Tensor index = at::tensor(rng.choose(n, 8), at::kLong);
      sogclr(z0.index_select(0, index), z1.index_select(0, index), tau, gamma, u, index);
    }
    return (u - want).abs().mean().item<double>();
  };
  const double coarse = error_with(0.9), fine = error_with(0.02);
  EXPECT_LT(fine, 0.05);
  EXPECT_LT(fine, 0.4 * coarse);
}

}  // namespace
}  // namespace likewise
