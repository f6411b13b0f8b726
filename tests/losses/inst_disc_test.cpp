#include "likewise/losses/inst_disc.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "likewise/losses/prototypical.hpp"
#include "likewise/losses/similarity_lse.hpp"
#include "losses/loss_support.hpp"

namespace likewise {
namespace {

using namespace likewise::loss_tests;

TEST(InstDisc, AgreesWithGoldenValues) {
  const Golden file("losses");
  const std::string name = "instdisc_nce";
  const auto& o = file.entry(name).at("options");
  const Tensor bank = golden(file, name, "bank"), index = golden(file, name, "index"),
               noise = golden(file, name, "noise");
  const double temperature = o.at("temperature"), log_z = std::log(o.at("Z").get<double>());
  expect_golden(file, name, {"z"}, [&](const std::vector<Tensor>& x) {
    return inst_disc_nce(unit_rows(x[0]), bank.to(x[0].scalar_type()), index, noise, temperature,
                         log_z);
  });
  Tensor after = bank.clone();
  update_bank(after, index, unit_rows(golden(file, name, "z")), o.at("momentum"));
  EXPECT_LT(difference(after, golden(file, name, "bank_after")), 1e-8);
}

TEST(InstDisc, TheSoftmaxIsCrossEntropyOverTheBank) {
  const Tensor bank = unit_rows(normal({20, 5}, 1)), z = unit_rows(normal({4, 5}, 2));
  const Tensor index = at::tensor(std::vector<int64_t>{3, 0, 19, 7}, at::kLong);
  double want = 0;
  for (int64_t i = 0; i < 4; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < 20; ++j) sum += std::exp((bank[j] * z[i]).sum().item<double>() / 0.1);
    want += std::log(sum) - (bank[index[i].item<int64_t>()] * z[i]).sum().item<double>() / 0.1;
  }
  const Loss loss = [&](const std::vector<Tensor>& x) {
    return inst_disc_softmax(x[0], bank, index, 0.1);
  };
  EXPECT_NEAR(loss({z}).item<double>(), want / 4, 1e-10);
  expect_gradients(loss, {z});
}

TEST(InstDisc, TheViewmakersFormOfEqualLogitsIsZero) {
  // Every bank row is the sample's own direction.
  const Tensor z = unit_rows(normal({3, 4}, 1));
  const Tensor bank = z.select(0, 0).unsqueeze(0).repeat({10, 1});
  const Tensor noise = at::arange(30, at::kLong).reshape({3, 10}).remainder(10);
  EXPECT_NEAR(inst_disc_viewmaker(z, bank, at::arange(3, at::kLong), noise, 0.07).item<double>(), 0,
              1e-12);
}

TEST(InstDisc, TheEstimateOfZIsExactWhenAllRowsAreDrawn) {
  const Tensor bank = unit_rows(normal({12, 4}, 1)), z = unit_rows(normal({2, 4}, 2));
  const Tensor noise = at::arange(12, at::kLong).repeat({2, 1});
  double sum = 0;
  for (int64_t i = 0; i < 2; ++i) {
    for (int64_t j = 0; j < 12; ++j) sum += std::exp((bank[j] * z[i]).sum().item<double>() / 0.2);
  }
  EXPECT_NEAR(inst_disc_log_z(z, bank, noise, 0.2), std::log(sum / 2), 1e-12);
}

TEST(InstDisc, BankRowsKeepLengthOne) {
  Tensor bank = unit_rows(normal({6, 4}, 1));
  update_bank(bank, at::tensor(std::vector<int64_t>{1, 4}, at::kLong), unit_rows(normal({2, 4}, 2)),
              0.5);
  EXPECT_LT(difference(bank.norm(2, {1}, false), at::zeros({6}, at::kDouble) + 1), 1e-12);
}

TEST(Prototypical, AgreesWithGoldenValues) {
  const Golden file("losses");
  for (const std::string name : {"prototypical_1", "prototypical_one_shot"}) {
    expect_golden(file, name, {"support", "query"},
                  [](const std::vector<Tensor>& x) { return prototypical(x[0], x[1]); });
  }
  for (const std::string name : {"normproto_one_shot", "normproto_mean"}) {
    expect_golden(file, name, {"support", "query"},
                  [](const std::vector<Tensor>& x) { return prototypical(x[0], x[1], 0.1); });
  }
}

TEST(Prototypical, OneShotOfUnitVectorsIsInfoNce) {
  const Tensor a = unit_rows(normal({6, 4}, 1)), b = unit_rows(normal({6, 4}, 2));
  const Tensor info = (similarity_lse(b, a, scalar_like(10, a)) - 10 * (a * b).sum(1)).mean();
  EXPECT_NEAR(prototypical(a.unsqueeze(1), b.unsqueeze(1), 0.1).item<double>(), info.item<double>(),
              1e-12);
  // Squared distances over 2 tau: -|q - c|^2 / (2 tau) = cos / tau - 1 / tau.
  const double root = std::sqrt(5.0);
  EXPECT_NEAR(prototypical(root * a.unsqueeze(1), root * b.unsqueeze(1)).item<double>(),
              info.item<double>(), 1e-10);
}

TEST(InstDisc, GradientsThroughDrawnRowsAreThoseOfCentralDifferences) {
  const Tensor bank = unit_rows(normal({30, 5}, 1));
  const Tensor index = at::tensor(std::vector<int64_t>{3, 7, 1}, at::kLong);
  const Tensor noise =
      at::tensor(std::vector<int64_t>{0, 3, 9, 29, 1, 1, 7, 4, 2, 1, 8, 6}, at::kLong)
          .reshape({3, 4});
  expect_gradients(
      [&](const std::vector<Tensor>& x) {
        return inst_disc_nce(x[0], bank, index, noise, 0.2, 1.5);
      },
      {normal({3, 5}, 2)});
  expect_gradients(
      [&](const std::vector<Tensor>& x) {
        return inst_disc_viewmaker(x[0], bank, index, noise, 0.2);
      },
      {normal({3, 5}, 2)});
}

TEST(Prototypical, IsTheCrossEntropyOfItsLogits) {
  for (const double temperature : {0.0, 0.3}) {
    for (const auto type : {at::kDouble, at::kFloat}) {
      const Tensor support = normal({7, 2, 5}, 1, type), query = normal({7, 3, 5}, 2, type);
      const auto got = evaluate(
          [&](const std::vector<Tensor>& x) { return prototypical(x[0], x[1], temperature); },
          {support, query});
      const auto want = evaluate(
          [&](const std::vector<Tensor>& x) {
            const Tensor logits = prototype_logits(x[0], x[1], temperature).reshape({7, 3, 7});
            return (logits.logsumexp({2}) - logits.diagonal(0, 0, 2).t()).mean();
          },
          {support, query});
      const double tolerance = type == at::kDouble ? 1e-10 : 2e-4;
      EXPECT_NEAR(got.value, want.value, tolerance * (1 + std::abs(want.value)));
      for (size_t i = 0; i < 2; ++i)
        EXPECT_LT(difference(got.gradients[i], want.gradients[i]), tolerance);
    }
  }
  // Far from the origin, where the largest product says nothing of any row.
  const Tensor far = normal({5, 1, 4}, 3, at::kFloat) + 40;
  EXPECT_NEAR(prototypical(far, far).item<double>(),
              prototypical(far.to(at::kDouble), far.to(at::kDouble)).item<double>(), 2e-2);
}

}  // namespace
}  // namespace likewise
