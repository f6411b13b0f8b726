// Sinkhorn, SwAV, DINO.

#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "likewise/losses/dino.hpp"
#include "likewise/losses/swav.hpp"
#include "losses/loss_support.hpp"

namespace likewise {
namespace {

using namespace likewise::loss_tests;

TEST(Sinkhorn, AgreesWithGoldenValues) {
  const Golden file("losses");
  for (const std::string name : {"sinkhorn_1", "sinkhorn_2", "sinkhorn_wide"}) {
    const auto& o = file.entry(name).at("options");
    const Tensor got = sinkhorn(golden(file, name, "scores"), o.at("epsilon"), o.at("iterations"));
    EXPECT_LT(difference(got, golden(file, name, "out")), 1e-10) << name;
  }
}

TEST(Sinkhorn, MarginalsAreThoseAsked) {
  const Tensor q = sinkhorn(normal({24, 6}, 1), 0.5, 200);
  EXPECT_LT(difference(q.sum(1), at::zeros({24}, at::kDouble) + 1), 1e-12);
  EXPECT_LT(difference(q.sum(0), at::zeros({6}, at::kDouble) + 4), 1e-9);
}

TEST(Sinkhorn, IsSafeForLargeScoresInSinglePrecision) {
  const Tensor q = sinkhorn(normal({8, 5}, 1, at::kFloat) * 1000, 0.05, 3);
  EXPECT_TRUE(q.isfinite().all().item<bool>());
  EXPECT_LT(difference(q.sum(1), at::zeros({8}) + 1), 1e-5);
}

TEST(Swav, AgreesWithGoldenValues) {
  const Golden file("losses");
  expect_golden(file, "swav_1", {"high0", "high1"},
                [](const std::vector<Tensor>& s) { return swav(s, {}); });
  expect_golden(file, "swav_multicrop", {"high0", "high1", "low0", "low1", "low2", "low3"},
                [](const std::vector<Tensor>& s) { return swav(s, {}); });
  expect_golden(file, "swav_queue", {"high0", "high1", "low0", "low1"},
                [&](const std::vector<Tensor>& s) {
                  return swav(s, {},
                              {golden(file, "swav_queue", "queue0").to(s[0].scalar_type()),
                               golden(file, "swav_queue", "queue1").to(s[0].scalar_type())});
                });
}

TEST(Dino, AgreesWithGoldenValuesAndItsCentreMoves) {
  const Golden file("losses");
  for (const std::string name : {"dino_1", "dino_2"}) {
    const auto& o = file.entry(name).at("options");
    const int64_t views = o.at("views");
    const double momentum = o.at("center_momentum");
    Tensor centre = at::zeros({o.at("D").get<int64_t>()}, at::kDouble);
    double sum = 0;
    for (const std::string step : {"0", "1"}) {
      const Tensor teacher = golden(file, name, "teacher" + step);
      const auto got = evaluate(
          [&](const std::vector<Tensor>& x) {
            std::vector<Tensor> student;
            for (int64_t v = 0; v < views; ++v) student.push_back(x[0][v]);
            return dino(student, {teacher[0], teacher[1]}, centre, o.at("student_temp"),
                        o.at("teacher_temp"));
          },
          {golden(file, name, "student" + step)});
      sum += got.value;
      EXPECT_LT(difference(got.gradients[0], golden(file, name, "grad_student" + step)), 1e-8);
      centre = momentum * centre + (1 - momentum) * dino_batch_centre({teacher[0], teacher[1]});
      EXPECT_LT(difference(centre, golden(file, name, "center_after" + step)), 1e-8);
    }
    EXPECT_NEAR(sum, golden(file, name, "out").sum().item<double>(), 1e-7);
  }
}

TEST(Dino, OfUniformDistributionsIsTheirEntropy) {
  const Tensor zero = at::zeros({5, 8}, at::kDouble);
  EXPECT_NEAR(
      dino({zero, zero}, {zero, zero}, at::zeros({8}, at::kDouble), 0.1, 0.04).item<double>(),
      std::log(8.0), 1e-12);
}

// Both ways of dividing: exponents spread by less than 60, and by more.
TEST(Sinkhorn, FactorsAndLogarithmsAgreeWithLoops) {
  for (const double scale : {0.1, 1.0, 4.0}) {
    const Tensor scores = normal({20, 7}, 5) * scale;
    Tensor q = scores / 0.1;
    for (int i = 0; i < 3; ++i) {
      q = q - q.logsumexp({0}, true);
      q = q - q.logsumexp({1}, true);
    }
    EXPECT_LT(difference(sinkhorn(scores, 0.1, 3), q.exp()), 1e-12) << scale;
    EXPECT_LT(difference(sinkhorn(scores.to(at::kFloat), 0.1, 3), q.exp()), 1e-4) << scale;
    const Tensor rows = scores / 0.1 - (scores / 0.1).logsumexp({1}, true);
    EXPECT_LT(difference(sinkhorn(scores, 0.1, 0), rows.exp()), 1e-12) << scale;
  }
}

TEST(Dino, GradientsAreThoseOfCentralDifferencesWithSmallViews) {
  const Tensor t0 = normal({6, 9}, 1), t1 = normal({6, 9}, 2), centre = normal({9}, 3);
  expect_gradients(
      [&](const std::vector<Tensor>& s) {
        return dino(s, {t0, t1}, centre, 0.3, 0.2);
      },
      {normal({6, 9}, 4), normal({6, 9}, 5), normal({6, 9}, 6)});
}

}  // namespace
}  // namespace likewise
