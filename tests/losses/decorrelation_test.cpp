#include "likewise/losses/decorrelation.hpp"

#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/ones.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/losses/regression.hpp"
#include "likewise/losses/spectral.hpp"
#include "losses/loss_support.hpp"

namespace likewise {
namespace {

using namespace likewise::loss_tests;

TEST(BarlowTwins, AgreesWithGoldenValues) {
  const Golden file("losses");
  for (const std::string name : {"barlow_twins_1", "barlow_twins_2"}) {
    const BarlowTwinsOptions o{.lambda = file.entry(name).at("options").at("lambda_param")};
    expect_golden(file, name, {"z0", "z1"},
                  [&](const std::vector<Tensor>& z) { return barlow_twins(z[0], z[1], o); });
  }
}

// Columns of mean 0 and variance 1 that are orthogonal.
Tensor whitened(int64_t n, int64_t d) {
  const Tensor x = normal({n, d}, 4);
  const Tensor q = std::get<0>(at::linalg_qr(x - x.mean(0)));
  return q * std::sqrt(static_cast<double>(n));
}

TEST(BarlowTwins, ClosedForms) {
  const Tensor w = whitened(32, 4);
  // The 1e-5 under the root leaves C_dd = 1 / (1 + 1e-5).
  EXPECT_NEAR(barlow_twins(w, w).item<double>(), 0, 1e-8);
  const Tensor same = w.select(1, 0).unsqueeze(1).repeat({1, 4});
  EXPECT_NEAR(barlow_twins(same, same, {.lambda = 0.01, .scale = 0.5}).item<double>(),
              0.5 * 0.01 * 4 * 3, 1e-5);
  const Tensor z0 = normal({16, 5}, 1), z1 = normal({16, 5}, 2);
  EXPECT_NEAR(barlow_twins(z0 * 30 + 7, z1).item<double>(), barlow_twins(z0, z1).item<double>(),
              1e-3);
}

TEST(VicReg, AgreesWithGoldenValues) {
  const Golden file("losses");
  for (const std::string name : {"vicreg_1", "vicreg_2"}) {
    const auto& j = file.entry(name).at("options");
    const VicRegOptions o{.invariance = j.at("lambda_param"),
                          .variance = j.at("mu_param"),
                          .covariance = j.at("nu_param"),
                          .eps = j.at("eps")};
    expect_golden(file, name, {"z0", "z1"},
                  [&](const std::vector<Tensor>& z) { return vicreg(z[0], z[1], o); });
  }
}

TEST(VicReg, ClosedForms) {
  const Tensor constant = at::ones({8, 3}, at::kDouble);
  EXPECT_NEAR(vicreg(constant, constant, {.halve_variance = false}).item<double>(), 49.5, 1e-10);
  const Tensor w =
      whitened(32, 4) * std::sqrt(31.0 / 32) * 1.001;  // unbiased variance just above 1
  EXPECT_NEAR(vicreg(w, w).item<double>(), 0, 1e-10);
  EXPECT_NEAR(vicreg(w + 5, w + 5).item<double>(), 0, 1e-10);
}

TEST(VicReg, GradientsEqualCentralDifferences) {
  expect_gradients([](const std::vector<Tensor>& z) { return vicreg(z[0], z[1], {}); },
                   {normal({7, 4}, 1), normal({7, 4}, 2)});
}

TEST(Decorrelation, RefusesASingleSample) {
  const Tensor one = at::ones({1, 3});
  EXPECT_THROW(barlow_twins(one, one), UserError);
  EXPECT_THROW(vicreg(one, one), UserError);
  EXPECT_THROW(spectral_contrastive(one, one), UserError);
}

TEST(Spectral, AgreesWithGoldenValues) {
  const Golden file("losses");
  expect_golden(file, "spectral_1", {"z0", "z1"},
                [](const std::vector<Tensor>& z) { return spectral_contrastive(z[0], z[1]); });
  expect_golden(file, "spectral_ball", {"z0", "z1"},
                [](const std::vector<Tensor>& z) { return spectral_contrastive(z[0], z[1], 2); });
}

TEST(NegativeCosine, AgreesWithGoldenValues) {
  const Golden file("losses");
  expect_golden(file, "negative_cosine", {"p", "z"},
                [](const std::vector<Tensor>& x) { return negative_cosine(x[0], x[1]); });
  expect_golden(file, "symmetric_cosine_byol", {"p0", "p1", "z0", "z1"},
                [](const std::vector<Tensor>& x) {
                  return 4 + 2 * negative_cosine(x[0], x[3].detach() + 0 * x[3]) +
                         2 * negative_cosine(x[1], x[2].detach() + 0 * x[2]);
                });
}

TEST(Decorrelation, GradientsAreThoseOfCentralDifferences) {
  const std::vector<Tensor> z = {normal({12, 5}, 1), normal({12, 5}, 2)};
  expect_gradients(
      [](const std::vector<Tensor>& x) {
        return barlow_twins(x[0], x[1], {.lambda = 0.1, .scale = 0.3});
      },
      z);
  expect_gradients(
      [](const std::vector<Tensor>& x) {
        return vicreg(x[0] * 0.5, x[1] * 2, {.halve_variance = false});
      },
      z);
  for (const double mu : {0.0, 1.0}) {
    expect_gradients(
        [=](const std::vector<Tensor>& x) { return spectral_contrastive(x[0], x[1], mu); }, z);
  }
}

TEST(NegativeCosine, FusedPassesAgreeWithOperationsForEveryWidth) {
  for (const int64_t d : {1, 3, 8, 13, 64}) {
    for (const auto type : {at::kDouble, at::kFloat}) {
      const Tensor p = normal({70, d}, 1, type), z = normal({70, d}, 2, type);
      const auto got = evaluate(
          [](const std::vector<Tensor>& x) { return negative_cosine(x[0], x[1]); }, {p, z});
      const auto want = evaluate(
          [](const std::vector<Tensor>& x) {
            const auto unit = [](const Tensor& t) {
              return t / t.norm(2, {1}, true).clamp_min(1e-8);
            };
            return -(unit(x[0]) * unit(x[1])).sum(1).mean();
          },
          {p, z});
      const double tolerance = type == at::kDouble ? 1e-12 : 1e-5;
      EXPECT_NEAR(got.value, want.value, tolerance) << d;
      for (size_t i = 0; i < 2; ++i) {
        EXPECT_LT(difference(got.gradients[i], want.gradients[i]),
                  tolerance * (1 + want.gradients[i].abs().max().item<double>()))
            << d;
      }
    }
  }
  // A row of zeros, a stopped side, an upstream factor.
  Tensor p = normal({4, 6}, 3).set_requires_grad(false);
  p[0].fill_(0);
  const Tensor z = normal({4, 6}, 4);
  const auto got =
      evaluate([&](const std::vector<Tensor>& x) { return 3 * negative_cosine(x[0], z); }, {p});
  EXPECT_TRUE(got.gradients[0].isfinite().all().item<bool>());
  expect_gradients([&](const std::vector<Tensor>& x) { return 3 * negative_cosine(x[0], z); },
                   {normal({4, 6}, 5)});
}

}  // namespace
}  // namespace likewise
