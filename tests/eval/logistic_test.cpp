#include "likewise/eval/logistic.hpp"

#include <ATen/ATen.h>

#include "eval/eval_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/eval/lbfgs.hpp"
#include "likewise/eval/scores.hpp"

namespace likewise {
namespace {

LogisticFit fit_golden(const Golden& golden, const std::string& name, double c, int64_t classes) {
  LogisticOptions options;
  const Tensor x = golden_tensor(golden, name, "x");
  options.penalty = 1 / (c * static_cast<double>(x.size(0)));
  options.standardise = false;
  options.tolerance = 1e-10;
  options.max_iterations = 5000;
  return fit_logistic(x, labels_of(golden.integers(name, "y")), classes, options);
}

TEST(Logistic, AgreesWithScikitLearnAtTheMinimum) {
  const Golden golden("eval");
  for (const std::string name :
       {"logistic_regression_1", "logistic_regression_strong", "logistic_regression_weak"}) {
    const auto& how = golden.entry(name).at("options");
    const double c = how.at("C"), n = how.at("n");
    const LogisticFit fit = fit_golden(golden, name, c, how.at("classes"));
    EXPECT_TRUE(fit.converged) << name << " " << fit.gradient_max;
    expect_near(doubles(fit.model.weight.t()), golden.values(name, "coef"), 1e-6, 1e-6, name);
    expect_near(doubles(fit.model.bias), golden.values(name, "intercept"), 1e-6, 1e-6, name);
    expect_near(doubles(fit.model.probabilities(golden_tensor(golden, name, "query"))),
                golden.values(name, "probabilities"), 1e-6, 1e-6, name);
    const double objective = golden.values(name, "objective")[0];
    EXPECT_NEAR(fit.objective * c * n, objective, 1e-8 * objective) << name;
    const Tensor y = labels_of(golden.integers(name, "y"));
    EXPECT_EQ(accuracy(y, fit.model.predict(golden_tensor(golden, name, "x"))),
              golden.values(name, "train_accuracy")[0]);
  }
}

TEST(Logistic, WithTwoClassesIsBinaryRegressionWithHalfThePenaltyConstant) {
  const Golden golden("eval");
  const std::string name = "logistic_regression_binary";
  const LogisticFit fit = fit_golden(golden, name, 0.5, 2);
  const Tensor difference = fit.model.weight.select(1, 1).sub(fit.model.weight.select(1, 0));
  expect_near(doubles(difference), golden.values(name, "coef"), 1e-6, 1e-6, name);
  expect_near(doubles(fit.model.probabilities(golden_tensor(golden, name, "query"))),
              golden.values(name, "probabilities"), 1e-6, 1e-6, name);
}

TEST(Logistic, StandardisesByTrainingRowsAndFoldsThatIntoItsLogits) {
  FeatureSet train = clouds(200, 6, 3, 1.0, 1);
  const LogisticFit plain = fit_logistic(train.x, train.y, 3);
  // Shifted and scaled dimensions give the same classifier.
  const Tensor scale = tensor_of({1, 30, .5, 4, 2, 9}, {6}),
               shift = tensor_of({0, 5, 1, -3, 2, 7}, {6});
  const Tensor moved = train.x.mul(scale).add(shift);
  const LogisticFit other = fit_logistic(moved, train.y, 3);
  expect_near(doubles(other.model.logits(moved)), doubles(plain.model.logits(train.x)), 1e-3, 1e-3,
              "logits");
  // A constant dimension is harmless.
  train.x.select(1, 2).fill_(0.1);
  const LogisticFit constant = fit_logistic(train.x, train.y, 3);
  for (double w : doubles(constant.model.weight)) EXPECT_TRUE(std::isfinite(w));
  EXPECT_NEAR(doubles(constant.model.weight)[2 * 3], 0, 1e-4);
}

TEST(Logistic, GivesEqualBitsForAnyNumberOfThreadsAndOverChunkBorders) {
  const FeatureSet train = clouds(3333, 12, 4, 2.0, 2);
  LogisticFit one, two;
  {
    const Threads threads(1);
    one = fit_logistic(train.x, train.y, 4);
  }
  {
    const Threads threads(3);
    two = fit_logistic(train.x, train.y, 4);
  }
  EXPECT_TRUE(one.model.weight.equal(two.model.weight));
  // The gradient at the minimum, by the paper's loops in double: p - y against every feature.
  const auto p = doubles(one.model.probabilities(train.x));
  const auto m = doubles(one.model.mean), s = doubles(one.model.std), w = doubles(one.model.weight);
  for (int64_t j = 0; j < 12; ++j) {
    for (int64_t c = 0; c < 4; ++c) {
      double g = 0;
      for (int64_t i = 0; i < 3333; ++i) {
        const double x = (train.x.data_ptr<float>()[i * 12 + j] - m[static_cast<size_t>(j)]) /
                         s[static_cast<size_t>(j)];
        g += (p[static_cast<size_t>(i * 4 + c)] - (i % 4 == c)) * x / 3333;
      }
      EXPECT_NEAR(g + 1e-2 * w[static_cast<size_t>(j * 4 + c)], 0, 2e-5) << j << " " << c;
    }
  }
}

TEST(Logistic, ContinuesFromAnotherFit) {
  const FeatureSet train = clouds(300, 10, 3, 1.5, 3);
  const LogisticFit cold = fit_logistic(train.x, train.y, 3);
  const LogisticFit warm = fit_logistic(train.x, train.y, 3, {}, &cold.model);
  EXPECT_EQ(warm.iterations, 0);
}

// Rows are random walks, as pixels are like their neighbours; the class is that of the largest of a
// few of their values, with noise.
FeatureSet walks(int64_t n, int64_t d, int64_t classes) {
  FeatureSet set;
  set.x = normal_table(n, d, 7).cumsum(1).contiguous();
  const Tensor clues = set.x.slice(1, 0, d, d / classes).slice(1, 0, classes);
  set.y = clues.add(normal_table(n, classes, 8), 6).argmax(1);
  return set;
}

// The largest |gradient| of the penalised mean loss at the fit, from its probabilities.
double gradient_at(const LogisticFit& fit, const FeatureSet& set, double penalty) {
  const Tensor x = set.x.to(at::kDouble).sub(fit.model.mean).div(fit.model.std);
  Tensor p = at::mm(x, fit.model.weight).add(fit.model.bias).softmax(1);
  p.sub_(at::one_hot(set.y, p.size(1)));
  const Tensor g = at::mm(x.t(), p).div(static_cast<double>(x.size(0))).add(fit.model.weight, penalty);
  return g.abs().max().item<double>();
}

// Fits, and checks that the fit is the minimum as far as the tolerance asks.
LogisticFit fit_to_minimum(const FeatureSet& set, int64_t classes, double penalty, double tolerance) {
  LogisticOptions options;
  options.penalty = penalty;
  options.tolerance = tolerance;
  const LogisticFit fit = fit_logistic(set.x, set.y, classes, options);
  EXPECT_TRUE(fit.converged);
  EXPECT_LT(gradient_at(fit, set, penalty), 1.1 * tolerance);
  return fit;
}

TEST(Logistic, CorrelatedFeaturesTakeTensOfIterations) {
  EXPECT_LT(fit_to_minimum(walks(4000, 120, 5), 5, 1e-3, 1e-5).iterations, 80);
}

TEST(Logistic, TooFewRowsForThePreconditionerGiveTheMinimumToo) {
  fit_to_minimum(walks(200, 120, 5), 5, 1e-2, 1e-5);
}

TEST(Logistic, FewerRowsThanFeaturesGiveTheMinimumOverAllWeights) {
  const FeatureSet train = walks(40, 90, 4);
  const LogisticFit fit = fit_to_minimum(train, 4, 1e-2, 1e-7);
  ASSERT_EQ(fit.model.weight.size(0), 90);
  LogisticOptions options;
  options.tolerance = 1e-6;
  EXPECT_EQ(fit_logistic(train.x, train.y, 4, options, &fit.model).iterations, 0);
}

TEST(Logistic, TablesThatAreKeptAsFloatsReachTheMinimumToo) {
  fit_to_minimum(walks(140000, 120, 3), 3, 1e-4, 1e-4);  // 16.9 million values
}

TEST(Logistic, RefusesWrongInput) {
  const Tensor x = normal_table(4, 2, 1);
  EXPECT_THROW(fit_logistic(x, labels_of({0, 1, 2, 0}), 2), UserError);
  EXPECT_THROW(fit_logistic(x, labels_of({0, -1, 1, 0}), 2), UserError);
  EXPECT_THROW(fit_logistic(x.slice(0, 0, 0), labels_of({}), 2), UserError);
  const LogisticFit fit = fit_logistic(x, labels_of({0, 1, 1, 0}), 2);
  EXPECT_THROW(fit.model.logits(normal_table(4, 3, 1)), UserError);
}

TEST(Lbfgs, FindsTheMinimumOfRosenbrocksValley) {
  const Objective valley = [](const std::vector<double>& x, std::vector<double>& g) {
    const double a = 1 - x[0], b = x[1] - x[0] * x[0];
    g = {-2 * a - 400 * x[0] * b, 200 * b};
    return a * a + 100 * b * b;
  };
  LbfgsOptions options;
  options.tolerance = 1e-9;
  const Minimum minimum = lbfgs(valley, {-1.2, 1}, options);
  EXPECT_TRUE(minimum.converged);
  EXPECT_LT(minimum.evaluations, 80);
  EXPECT_NEAR(minimum.x[0], 1, 1e-8);
  EXPECT_NEAR(minimum.x[1], 1, 1e-8);
}

TEST(Lbfgs, BacksOutOfRegionsThatAreNotFinite) {
  // -log x + x, started so that the first step overshoots into x < 0.
  const Objective barrier = [](const std::vector<double>& x, std::vector<double>& g) {
    g = {-1 / x[0] + 1};
    return -std::log(x[0]) + x[0];
  };
  const Minimum minimum = lbfgs(barrier, {1.5});
  EXPECT_TRUE(minimum.converged);
  EXPECT_NEAR(minimum.x[0], 1, 1e-5);
  EXPECT_THROW(lbfgs(barrier, {-1}), TrainingError);
}

}  // namespace
}  // namespace likewise
