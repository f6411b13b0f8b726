#include "likewise/eval/scores.hpp"

#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>

#include <nlohmann/json.hpp>

#include "eval/eval_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/eval/calibration.hpp"
#include "likewise/eval/table.hpp"

namespace likewise {
namespace {

TEST(Scores, AgreeWithScikitLearn) {
  const Golden golden("eval");
  for (const std::string name : {"classification_scores_1", "classification_scores_2"}) {
    const Tensor p = golden_tensor(golden, name, "probabilities", at::kDouble);
    const Tensor y = labels_of(golden.integers(name, "labels"));
    const auto want = [&](const char* key) { return golden.values(name, key)[0]; };
    const ClassificationScores got = classification_scores(p, y);
    EXPECT_NEAR(got.accuracy, want("accuracy"), 1e-12);
    EXPECT_NEAR(got.balanced_accuracy, want("balanced_accuracy"), 1e-12);
    EXPECT_NEAR(got.macro_f1, want("macro_f1"), 1e-12);
    EXPECT_NEAR(got.kappa, want("kappa"), 1e-12);
    EXPECT_NEAR(got.negative_log_likelihood, want("log_loss"), 1e-10);
    EXPECT_EQ(integers(got.confusion), golden.integers(name, "confusion"));
    // The macro mean was taken of rows divided by their sum, which breaks some ties in the last
    // bit.
    auto rows = golden.values(name, "probabilities");
    const auto k = static_cast<size_t>(p.size(1));
    for (size_t i = 0; i < rows.size(); i += k) {
      double sum = 0;
      for (size_t c = 0; c < k; ++c) sum += rows[i + c];
      for (size_t c = 0; c < k; ++c) rows[i + c] /= sum;
    }
    const Tensor divided = tensor_of(rows, {p.size(0), p.size(1)}, at::kDouble);
    double macro = 0;
    for (int64_t c = 0; c < p.size(1); ++c) {
      macro += auroc(divided.select(1, c), y.eq(c)) / static_cast<double>(k);
    }
    EXPECT_NEAR(auroc(p.select(1, 0), y.eq(0)), want("auroc_class0"), 1e-12);
    EXPECT_NEAR(macro, want("auroc_macro_one_vs_rest"), 1e-12);
    EXPECT_NEAR(average_precision(p.select(1, 0), y.eq(0)), want("average_precision_class0"),
                1e-12);
  }
}

TEST(Scores, CalibrationErrorByHand) {
  // Confidences .9 (right), .9 (wrong), .6 (right): bins (13/15, 14/15] and (8/15, 9/15].
  const Tensor p = tensor_of({.9, .1, .9, .1, .4, .6}, {3, 2}, at::kDouble);
  const double want = (2 * std::abs(.5 - .9) + std::abs(1 - .6)) / 3;
  EXPECT_NEAR(expected_calibration_error(p, labels_of({0, 1, 1})), want, 1e-12);
  // In one bin the errors cancel in part.
  EXPECT_NEAR(expected_calibration_error(p, labels_of({0, 1, 1}), 1), std::abs(2 - 2.4) / 3, 1e-12);
}

TEST(Scores, CoverAbsentClassesAndOneSidedLabels) {
  const Tensor p = tensor_of({.8, .2, 0, .7, .3, 0}, {2, 3}, at::kDouble);
  const ClassificationScores got = classification_scores(p, labels_of({0, 1}));
  EXPECT_EQ(got.recall[0], 1);
  EXPECT_EQ(got.recall[1], 0);
  EXPECT_TRUE(std::isnan(got.recall[2]));
  EXPECT_EQ(got.balanced_accuracy, 0.5);
  EXPECT_TRUE(std::isnan(auroc(p.select(1, 0), labels_of({1, 1}))));
  EXPECT_EQ(nlohmann::json(got).at("recall").dump(), "[1.0,0.0,null]");
  EXPECT_THROW(classification_scores(p, labels_of({0, 3})), UserError);
  EXPECT_THROW(classification_scores(p, labels_of({0})), UserError);
  EXPECT_THROW(accuracy(labels_of({}), labels_of({})), UserError);
}

TEST(Temperature, UndoesAKnownScaling) {
  // Labels drawn from softmax(z): the best temperature for 3 z is 3 but for the sampling error.
  const int64_t n = 20000, k = 5;
  const Tensor z = normal_table(n, k, 1).mul(1.5).to(at::kDouble);
  const auto p = doubles(at::softmax(z, 1));
  std::vector<int64_t> labels;
  Rng rng(2);
  for (int64_t i = 0; i < n; ++i) {
    double left = rng.uniform();
    int64_t c = 0;
    while (c < k - 1 && (left -= p[static_cast<size_t>(i * k + c)]) >= 0) ++c;
    labels.push_back(c);
  }
  const Tensor y = labels_of(labels);
  const double t = fit_temperature(z.mul(3), y);
  EXPECT_NEAR(t, 3, 0.06);
  EXPECT_NEAR(fit_temperature(z.mul(0.25), y), t / 12, 1e-8);
  const auto loss = [&](double value) {
    return negative_log_likelihood(apply_temperature(z.mul(3), value), y);
  };
  EXPECT_LT(loss(t), loss(t * 1.001));
  EXPECT_LT(loss(t), loss(t / 1.001));
  EXPECT_LT(expected_calibration_error(apply_temperature(z.mul(3), t), y), 0.01);
  EXPECT_GT(expected_calibration_error(apply_temperature(z.mul(3), 1), y), 0.1);
}

TEST(Temperature, StaysInItsRangeWhereTheMinimumIsAtInfinity) {
  const Tensor z = tensor_of({2, 0, 0, 2}, {2, 2}, at::kDouble);
  EXPECT_NEAR(fit_temperature(z, labels_of({0, 1})), 0.01, 1e-4);  // all right
  EXPECT_NEAR(fit_temperature(z, labels_of({1, 0})), 100, 1);      // all wrong
  EXPECT_TRUE(std::isfinite(fit_temperature(z.mul(0), labels_of({1, 0}))));
  EXPECT_TRUE(std::isfinite(fit_temperature(z.mul(1e6), labels_of({0, 0}))));
  EXPECT_THROW(apply_temperature(z, 0), UserError);
}

TEST(StudentT, AgreesWithTables) {
  for (const auto& [freedom, want] :
       std::vector<std::pair<int64_t, double>>{{1, 12.7062047361747},
                                               {2, 4.30265272974946},
                                               {3, 3.18244630528371},
                                               {9, 2.26215716279820},
                                               {30, 2.04227245630124},
                                               {100, 1.98397151852355}}) {
    EXPECT_NEAR(student_t_975(freedom), want, 1e-10) << freedom;
  }
  EXPECT_NEAR(student_t_975(2000), student_t_975(2001), 1e-5);
  EXPECT_GT(student_t_975(2000), student_t_975(2001));
  EXPECT_NEAR(student_t_975(1'000'000'000), 1.959963984540054, 1e-8);
}

TEST(MeanInterval, AgreesWithScipyAndReadsWell) {
  const Golden golden("eval");
  const auto x = golden.values("rank_correlation", "x");
  EXPECT_NEAR(mean_t(x).half_width, golden.values("rank_correlation", "mean_ci95_half_width")[0],
              1e-9);
  EXPECT_EQ((MeanInterval{0.6519, 0.0094, 10}.text()), "65.2 ± 0.9");
  EXPECT_EQ(mean_t({0.5}).text(), "50.0");
  const MeanInterval normal = mean_normal({1, 3});
  EXPECT_NEAR(normal.half_width, 1.96 / std::sqrt(2.0), 1e-12);
}

}  // namespace
}  // namespace likewise
