// Gradients through inner loops against closed forms, golden values and differences.
#include "likewise/fewshot/adapt.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/diag.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fewshot/fewshot_support.hpp"
#include "likewise/fewshot/task_net.hpp"

namespace likewise::fewshot {
namespace {

using testing::difference;
using testing::golden;
using testing::normal;

constexpr int64_t kDim = 4;
constexpr double kRate = 0.1;

// L = 1/2 (phi - c)' A (phi - c), A symmetric and positive.
struct Quadratic {
  Tensor a, c;
  Quadratic() {
    const Tensor m = normal({kDim, kDim}, 1);
    a = at::matmul(m, m.t()) / kDim + 0.5 * at::eye(kDim, at::kDouble);
    c = normal({kDim}, 2);
  }
  TaskLoss loss() const {
    return [*this](const Parameters& phi, int64_t) {
      const Tensor d = phi[0] - c;
      return at::matmul(at::matmul(d, a), d) / 2;
    };
  }
  Tensor power(int64_t k) const {  // (I - rate A)^k
    Tensor b = at::eye(kDim, at::kDouble);
    for (int64_t i = 0; i < k; ++i) b = at::matmul(b, at::eye(kDim, at::kDouble) - kRate * a);
    return b;
  }
};

Parameters leaf(const Tensor& x) { return {x.clone().set_requires_grad(true)}; }

class Quadratics : public ::testing::TestWithParam<int64_t> {
 protected:
  Quadratic q;
  Tensor theta = normal({kDim}, 3);
  Tensor gradient(bool second_order) const {
    const Parameters start = leaf(theta);
    maml_objective(start, q.loss(), q.loss(), {.rate = kRate, .steps = GetParam()},
                   {.second_order = second_order})
        .backward();
    return start[0].grad();
  }
};

TEST_P(Quadratics, MamlIsBkABk) {
  const Tensor b = q.power(GetParam());
  EXPECT_LT(difference(gradient(true), at::matmul(at::matmul(b, q.a), at::matmul(b, theta - q.c))),
            1e-12);
}

TEST_P(Quadratics, FirstOrderMamlIsABk) {
  EXPECT_LT(
      difference(gradient(false), at::matmul(q.a, at::matmul(q.power(GetParam()), theta - q.c))),
      1e-12);
}

TEST_P(Quadratics, ReptileIsTheSumOfTheInnerGradients) {
  Tensor sum = at::zeros({kDim}, at::kDouble);
  for (int64_t i = 0; i < GetParam(); ++i) {
    sum = sum + at::matmul(q.a, at::matmul(q.power(i), theta - q.c));
  }
  const Parameters direction =
      reptile_direction({theta}, q.loss(), {.rate = kRate, .steps = GetParam()});
  EXPECT_LT(difference(direction[0] / kRate, sum), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Steps, Quadratics, ::testing::Values(0, 1, 2, 5));

TEST(Maml, WithoutAnInnerRateIsThePlainGradient) {
  const Quadratic q;
  const Parameters start = leaf(normal({kDim}, 3));
  maml_objective(start, q.loss(), q.loss(), {.rate = 0, .steps = 3}).backward();
  EXPECT_LT(difference(start[0].grad(), at::matmul(q.a, start[0].detach() - q.c)), 1e-14);
}

TEST(Imaml, EqualsTheImplicitFunctionTheorem) {
  const Quadratic q;
  const Tensor theta = normal({kDim}, 3), one = at::eye(kDim, at::kDouble);
  const double lambda = 2;
  const auto got = implicit_gradient({theta}, q.loss(), q.loss(), {.rate = 0.2, .steps = 600},
                                     {.strength = lambda, .conjugate_steps = kDim});
  const Tensor phi = at::linalg_solve(q.a + lambda * one, at::matmul(q.a, q.c) + lambda * theta);
  EXPECT_LT(difference(got.adapted[0], phi), 1e-10);
  EXPECT_LT(
      difference(got.gradient[0], at::linalg_solve(one + q.a / lambda, at::matmul(q.a, phi - q.c))),
      1e-9);
}

TEST(Imaml, OfALossWithoutCurvatureIsTheQueryGradient) {
  const Tensor theta = normal({kDim}, 3);
  const TaskLoss line = [](const Parameters& phi, int64_t) { return phi[0].sum(); };
  const Quadratic q;
  const auto got = implicit_gradient({theta}, line, q.loss(), {.rate = 0.2, .steps = 400}, {});
  EXPECT_LT(difference(got.gradient[0], at::matmul(q.a, theta - 0.5 - q.c)), 1e-9);
}

// A network of two layers in double with its tasks.
struct SmallNet {
  static Tensor logits(const Parameters& p, const Tensor& x) {  // 0.weight 0.bias 2.weight 2.bias
    return at::linear(at::tanh(at::linear(x, p[0], p[1])), p[2], p[3]);
  }
  static TaskLoss loss(const Tensor& x, const Tensor& y) {
    return [x, y](const Parameters& p, int64_t) { return cross_entropy(logits(p, x), y); };
  }
};

class InnerOptimizers : public ::testing::TestWithParam<const char*> {};

TEST_P(InnerOptimizers, HaveTheGradientOfCentralDifferences) {
  const Tensor x = normal({6, 4}, 1), xq = normal({6, 4}, 2);
  const Tensor y = at::tensor(std::vector<int64_t>{0, 1, 2, 0, 1, 2});
  const Parameters values = {normal({6, 4}, 3), normal({6}, 4), normal({3, 6}, 5), normal({3}, 6)};
  const InnerOptions inner{.optimizer = GetParam(), .rate = 0.05, .steps = 3, .beta1 = 0.6};
  const auto objective = [&](const Parameters& p) {
    return maml_objective(p, SmallNet::loss(x, y), SmallNet::loss(xq, y), inner, {},
                          {0, 0.25, 0.25, 0.5});
  };
  Parameters leaves;
  for (const Tensor& v : values) leaves.push_back(v.clone().set_requires_grad(true));
  objective(leaves).backward();
  for (size_t i = 0; i < values.size(); ++i) {
    const Tensor direction = normal(values[i].sizes().vec(), 40 + i);
    const auto at = [&](double t) {
      Parameters moved;
      for (size_t j = 0; j < values.size(); ++j) {
        moved.push_back(
            (j == i ? values[j] + t * direction : values[j]).clone().set_requires_grad(true));
      }
      return objective(moved).item<double>();
    };
    const double slope = (at(1e-5) - at(-1e-5)) / 2e-5;
    EXPECT_NEAR((leaves[i].grad() * direction).sum().item<double>(), slope,
                1e-6 * (1 + std::abs(slope)))
        << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, InnerOptimizers, ::testing::Values("sgd", "momentum", "adam"));

TEST(InnerAdam, HasAFiniteGradientWhereAGradientIsZero) {
  const Parameters start = leaf(at::zeros({2}, at::kDouble));
  const TaskLoss loss = [](const Parameters& p, int64_t) { return (p[0][0] - 1).pow(2); };
  maml_objective(start, loss, loss, {.optimizer = "adam", .rate = 0.1, .steps = 2}).backward();
  EXPECT_TRUE(std::isfinite(start[0].grad().abs().sum().item<double>()));
}

TEST(MultiStepWeights, GoFromEqualToTheLastStep) {
  EXPECT_EQ(multi_step_weights(4, 0), (std::vector<double>{0, 0.25, 0.25, 0.25, 0.25}));
  EXPECT_EQ(multi_step_weights(4, 1), (std::vector<double>{0, 0, 0, 0, 1}));
  double sum = 0;
  for (double w : multi_step_weights(5, 0.3)) sum += w;
  EXPECT_NEAR(sum, 1, 1e-12);
}

struct GoldenCase {
  const char* name;
  int64_t steps;
  bool second_order;
  size_t first_adapted;
  bool learned;
};

class GoldenMaml : public ::testing::TestWithParam<GoldenCase> {};

const char* const kNames[] = {"0.weight", "0.bias", "2.weight", "2.bias"};

TEST_P(GoldenMaml, LearnToLearnAgrees) {
  const GoldenCase& which = GetParam();
  const Golden file("fewshot");
  Parameters theta, rates;
  for (const char* name : kNames) {
    theta.push_back(golden(file, which.name, std::string("param/") + name).set_requires_grad(true));
    if (which.learned) {
      rates.push_back(
          golden(file, which.name, std::string("rate/") + name).set_requires_grad(true));
    }
  }
  const Tensor sx = golden(file, which.name, "support_x"),
               sy = golden(file, which.name, "support_y");
  const Tensor qx = golden(file, which.name, "query_x"), qy = golden(file, which.name, "query_y");
  InnerGraph graph{.second_order = which.second_order, .first_adapted = which.first_adapted};
  if (which.learned) graph.rates = {rates};
  Tensor sum;
  const Tensor losses = golden(file, which.name, "task_losses");
  for (int64_t j = 0; j < 2; ++j) {
    const Tensor loss =
        maml_objective(theta, SmallNet::loss(sx[j], sy[j]), SmallNet::loss(qx[j], qy[j]),
                       {.rate = 0.4, .steps = which.steps}, graph);
    EXPECT_NEAR(loss.item<double>(), losses[j].item<double>(), 1e-9);
    sum = sum.defined() ? sum + loss : loss;
  }
  (sum / 2).backward();
  EXPECT_NEAR((sum / 2).item<double>(), golden(file, which.name, "out").item<double>(), 1e-9);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_LT(
        difference(theta[i].grad(), golden(file, which.name, std::string("grad/") + kNames[i])),
        1e-9)
        << kNames[i];
    if (!which.learned) continue;
    EXPECT_LT(difference(rates[i].grad(),
                         golden(file, which.name, std::string("grad_rate/") + kNames[i])),
              1e-9)
        << kNames[i];
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenMaml,
                         ::testing::Values(GoldenCase{"maml_second_order", 3, true, 0, false},
                                           GoldenCase{"maml_first_order", 3, false, 0, false},
                                           GoldenCase{"maml_one_step", 1, true, 0, false},
                                           GoldenCase{"maml_anil", 3, true, 2, false},
                                           GoldenCase{"maml_meta_sgd", 3, true, 0, true}),
                         [](const auto& about) { return std::string(about.param.name); });

TEST(Reptile, OneOuterStepEqualsTheGoldenValues) {
  const Golden file("fewshot");
  const Tensor x = golden(file, "reptile", "x"), y = golden(file, "reptile", "y");
  Parameters theta, sum;
  for (const char* name : kNames)
    theta.push_back(golden(file, "reptile", std::string("param/") + name));
  for (int64_t j = 0; j < 3; ++j) {
    const Parameters d =
        reptile_direction(theta, SmallNet::loss(x[j], y[j]), {.rate = 0.2, .steps = 4});
    for (size_t i = 0; i < 4; ++i) {
      if (j == 0)
        sum.push_back(d[i] / 3);
      else
        sum[i] = sum[i] + d[i] / 3;
    }
  }
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_LT(difference(theta[i] - 0.5 * sum[i],
                         golden(file, "reptile", std::string("after/") + kNames[i])),
              1e-10);
  }
}

TEST(Anil, LeavesTheBodyAsItIs) {
  const Parameters start = {
      normal({6, 4}, 3).set_requires_grad(true), normal({6}, 4).set_requires_grad(true),
      normal({3, 6}, 5).set_requires_grad(true), normal({3}, 6).set_requires_grad(true)};
  const Tensor x = normal({6, 4}, 1), y = at::tensor(std::vector<int64_t>{0, 1, 2, 0, 1, 2});
  const auto path =
      adapt(start, SmallNet::loss(x, y), {.rate = 0.4, .steps = 3}, {.first_adapted = 2});
  EXPECT_EQ(difference(path.back()[0], start[0]), 0);
  EXPECT_EQ(difference(path.back()[1], start[1]), 0);
  EXPECT_GT(difference(path.back()[2], start[2]), 1e-3);
}

}  // namespace
}  // namespace likewise::fewshot
