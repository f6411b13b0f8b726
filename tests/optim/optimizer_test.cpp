#include "likewise/optim/optimizer.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "support/golden.hpp"

namespace likewise {
namespace {

Tensor normal_tensor(std::vector<int64_t> shape, uint64_t seed) {
  int64_t count = 1;
  for (int64_t s : shape) count *= s;
  std::vector<float> x(count);
  Rng(seed).fill_normal(x.data(), count);
  return at::tensor(x).reshape(shape);
}

double largest_difference(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

OptimOptions options_of(const std::string& name, double lr, double weight_decay) {
  OptimOptions options;
  options.name = name;
  options.lr = lr;
  options.weight_decay = weight_decay;
  return options;
}

struct GoldenRun {
  const char* name;
  const char* optimizer;
  bool bias_decays;
};

class GoldenOptimizer : public testing::TestWithParam<GoldenRun> {};

TEST_P(GoldenOptimizer, FollowsTheSamePath) {
  const Golden golden("optim");
  const std::string name = GetParam().name;
  const auto& entry = golden.entry(name);
  const auto& given = entry.at("options");
  OptimOptions options = options_of(GetParam().optimizer, given.at("lr"), given.at("weight_decay"));
  options.momentum = given.value("momentum", 0.9);
  options.nesterov = given.value("nesterov", false);
  options.dampening = given.value("dampening", 0.0);
  options.lars_eta = given.value("trust_coeff", given.value("trust_coefficient", 0.0));
  const std::vector<std::string> tensors = {"weight", "conv", "bias"};
  for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
    SCOPED_TRACE(c10::toString(type));
    const auto& tolerance = entry.at("tolerance").at(type == at::kDouble ? "f64" : "f32");
    const double rtol = tolerance.at("rtol"), atol = tolerance.at("atol");
    const auto tensor = [&](const std::string& which) {
      return at::tensor(golden.values(name, which), at::kDouble).reshape(golden.shape(name, which));
    };
    std::vector<ParameterInfo> parameters;
    for (const auto& t : tensors) {
      Tensor start = tensor("param/" + t).to(type).clone();
      if (t == "conv") start = start.contiguous(at::MemoryFormat::ChannelsLast);
      parameters.push_back(
          {t, start.set_requires_grad(true), t != "bias" || GetParam().bias_decays});
    }
    const auto optimizer = make_optimizer(options, parameters);
    const int64_t steps = given.at("steps");
    for (int64_t s = 0; s < steps; ++s) {
      for (size_t p = 0; p < tensors.size(); ++p) {
        parameters[p].tensor.mutable_grad() = tensor("grad/" + tensors[p])[s].to(type).clone();
      }
      optimizer->step(given.contains("lr_per_step") ? given.at("lr_per_step").at(s).get<double>()
                                                    : options.lr);
      for (size_t p = 0; p < tensors.size(); ++p) {
        const Tensor expected = tensor("after/" + tensors[p])[s];
        const Tensor excess = (parameters[p].tensor.detach().to(at::kDouble) - expected).abs() -
                              rtol * expected.abs();
        EXPECT_LE(excess.max().item<double>(), atol) << tensors[p] << " at step " << s;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Optimizer, GoldenOptimizer,
                         testing::Values(GoldenRun{"sgd_momentum", "sgd", true},
                                         GoldenRun{"sgd_nesterov", "sgd", true},
                                         GoldenRun{"sgd_dampening", "sgd", true},
                                         GoldenRun{"adam_1", "adam", true},
                                         GoldenRun{"adam_decoupled", "adamw", true},
                                         GoldenRun{"lars_simclr", "lars", false},
                                         GoldenRun{"lars_timm_clip", "lars-clip", false}),
                         [](const auto& item) { return std::string(item.param.name); });

TEST(Optimizer, LarsMovesAKnownWeightByAKnownStep) {
  Tensor w = at::tensor({3.0f, 4.0f}).set_requires_grad(true);
  w.mutable_grad() = at::tensor({0.6f, 0.8f});
  auto optimizer = make_optimizer(options_of("lars", 0.1, 0), {{"w", w, true}});
  optimizer->step(0.1);  // 0.1 * 0.001 * |w| / |g| * g
  EXPECT_NEAR(w[0].item<double>(), 3 - 0.0003, 5e-7);
  EXPECT_NEAR(w[1].item<double>(), 4 - 0.0004, 5e-7);
}

TEST(Optimizer, LarsOfAZeroGradientOrWeightIsPlain) {
  for (const char* name : {"lars", "lars-clip"}) {
    Tensor w = at::zeros({3}).set_requires_grad(true), v = at::ones({3}).set_requires_grad(true);
    w.mutable_grad() = at::ones({3});
    v.mutable_grad() = at::zeros({3});
    auto optimizer = make_optimizer(options_of(name, 0.1, 0), {{"w", w, true}, {"v", v, true}});
    optimizer->step(0.1);
    EXPECT_NEAR(w[1].item<double>(), -0.1, 1e-7) << name;
    EXPECT_EQ(v[1].item<double>(), 1) << name;
  }
}

// Every optimiser on a flat tensor against itself in double by tensor operations, over sizes that
// leave every tail of a vector, and a size that is split between threads.
TEST(Optimizer, FlatLoopsAgreeWithTensorOperations) {
  for (const char* name : {"sgd", "adam", "adamw", "lars", "lars-clip"}) {
    for (const bool nesterov : {false, true}) {
      for (const int64_t size : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 1000, 70001}) {
        OptimOptions options = options_of(name, 0.05, 0.1);
        options.nesterov = nesterov;
        options.lars_eta = 0.1;
        Tensor w = normal_tensor({size}, 1);
        Tensor wide = w.to(at::kDouble);
        const auto flat = make_optimizer(options, {{"w", w, true}});
        const auto plain = make_optimizer(options, {{"w", wide, true}});
        for (int step = 0; step < 4; ++step) {
          w.mutable_grad() = normal_tensor({size}, 10 + step);
          wide.mutable_grad() = w.grad().to(at::kDouble);
          flat->step(0.05 / (1 + step));
          plain->step(0.05 / (1 + step));
        }
        EXPECT_LE(largest_difference(w, wide), 3e-6) << name << " " << size;
      }
    }
  }
}

TEST(Optimizer, FollowsTheLayoutOfParametersAndGradients) {
  const Tensor start = normal_tensor({4, 3, 2, 5}, 1), grad = normal_tensor({4, 3, 2, 5}, 2);
  Tensor expected = start.clone();
  expected.mutable_grad() = grad;
  make_optimizer(options_of("adamw", 0.1, 0.1), {{"w", expected, true}})->step(0.1);

  Tensor last = start.contiguous(at::MemoryFormat::ChannelsLast);
  last.mutable_grad() = grad.clone();  // another layout than the parameter's
  make_optimizer(options_of("adamw", 0.1, 0.1), {{"w", last, true}})->step(0.1);
  EXPECT_TRUE(last.equal(expected));

  Tensor gaps = at::zeros({4, 3, 2, 10}).narrow(3, 0, 5);  // not dense
  gaps.copy_(start);
  gaps.mutable_grad() = grad.clone();
  make_optimizer(options_of("adamw", 0.1, 0.1), {{"w", gaps, true}})->step(0.1);
  EXPECT_LE(largest_difference(gaps, expected), 1e-6);
}

TEST(Optimizer, KeepsItsStateWhenAParameterIsLaidOutAnew) {
  const Tensor start = normal_tensor({4, 3, 2, 5}, 1);
  Tensor still = start.clone(), moved = start.clone();
  const auto a = make_optimizer(options_of("sgd", 0.1, 0), {{"w", still, true}});
  const auto b = make_optimizer(options_of("sgd", 0.1, 0), {{"w", moved, true}});
  for (int step = 0; step < 3; ++step) {
    still.mutable_grad() = normal_tensor({4, 3, 2, 5}, 20 + step);
    moved.mutable_grad() = still.grad().clone();
    a->step(0.1);
    b->step(0.1);
    if (step == 0) moved.set_data(moved.contiguous(at::MemoryFormat::ChannelsLast));
  }
  EXPECT_TRUE(moved.equal(still));
}

TEST(Optimizer, LeavesParametersWithoutGradientAlone) {
  Tensor used = at::ones({3}), unused = at::ones({3});
  used.mutable_grad() = at::ones({3});
  const auto optimizer =
      make_optimizer(options_of("adamw", 0.1, 0.5), {{"a", used, true}, {"b", unused, true}});
  optimizer->step(0.1);
  EXPECT_NE(used[0].item<double>(), 1);
  EXPECT_EQ(unused[0].item<double>(), 1);
  optimizer->zero_grad();
  EXPECT_FALSE(used.grad().defined());
  const Tensor before = used.clone();
  optimizer->step(0.1);
  EXPECT_TRUE(used.equal(before));
}

TEST(Optimizer, DecaysOnlyWhatMayDecay) {
  for (const char* name : {"sgd", "adam", "adamw", "lars", "lars-clip"}) {
    Tensor weight = at::ones({3}), bias = at::ones({3});
    weight.mutable_grad() = at::full({3}, 1e-12);
    bias.mutable_grad() = at::zeros({3});
    make_optimizer(options_of(name, 0.1, 0.5), {{"w", weight, true}, {"b", bias, false}})
        ->step(0.1);
    EXPECT_LT(weight[0].item<double>(), 1) << name;
    EXPECT_EQ(bias[0].item<double>(), 1) << name;
  }
}

TEST(Optimizer, GoesOnToTheBitFromASavedState) {
  for (const char* name : {"sgd", "adam", "adamw", "lars", "lars-clip"}) {
    OptimOptions options = options_of(name, 0.1, 0.01);
    options.dampening = 0.2;
    Tensor straight = normal_tensor({5, 7}, 1), resumed;
    const auto whole = make_optimizer(options, {{"w", straight, true}});
    std::map<std::string, Tensor> saved;
    for (int step = 0; step < 6; ++step) {
      if (step == 3) {
        for (const auto& [key, tensor] : whole->state()) saved[key] = tensor.clone();
        resumed = straight.clone();
      }
      straight.mutable_grad() = normal_tensor({5, 7}, 30 + step);
      whole->step(0.1);
    }
    const auto second = make_optimizer(options, {{"w", resumed, true}});
    second->load_state(saved);
    for (int step = 3; step < 6; ++step) {
      resumed.mutable_grad() = normal_tensor({5, 7}, 30 + step);
      second->step(0.1);
    }
    EXPECT_TRUE(resumed.equal(straight)) << name;
  }
}

TEST(Optimizer, RefusesAStateThatIsNotItsOwn) {
  const auto optimizer = make_optimizer(options_of("sgd", 0.1, 0), {{"w", at::ones({2}), true}});
  std::map<std::string, Tensor> state;
  for (const auto& [key, tensor] : optimizer->state()) state[key] = tensor.clone();
  auto missing = state, extra = state, shape = state;
  missing.erase("momentum.w");
  extra["mean.w"] = at::ones({2});
  shape["momentum.w"] = at::ones({3});
  EXPECT_THROW(optimizer->load_state(missing), DataError);
  EXPECT_THROW(optimizer->load_state(extra), DataError);
  EXPECT_THROW(optimizer->load_state(shape), DataError);
  EXPECT_NO_THROW(optimizer->load_state(state));
}

TEST(Optimizer, RefusesOptionsThatMeanNothing) {
  EXPECT_THROW(make_optimizer(options_of("sdg", 0.1, 0), {}), UserError);
  OptimOptions nesterov = options_of("sgd", 0.1, 0);
  nesterov.nesterov = true;
  nesterov.dampening = 0.1;
  EXPECT_THROW(make_optimizer(nesterov, {}), UserError);
  OptimOptions beta = options_of("adam", 0.1, 0);
  beta.beta2 = 1;
  EXPECT_THROW(make_optimizer(beta, {}), UserError);
}

TEST(Optimizer, ScalesTheRateWithTheBatch) {
  OptimOptions options = options_of("lars", 0.3, 0);
  EXPECT_EQ(scaled_learning_rate(options, 4096), 0.3);
  options.lr_scaling = "linear";
  EXPECT_NEAR(scaled_learning_rate(options, 4096), 4.8, 1e-12);
  options.lr = 0.075;  // the same at 4096, as SimCLR's authors note
  options.lr_scaling = "sqrt";
  EXPECT_NEAR(scaled_learning_rate(options, 4096), 4.8, 1e-12);
}

TEST(ClipGradNorm, AgreesWithGoldenValues) {
  const Golden golden("optim");
  for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
    const double tolerance = type == at::kDouble ? 1e-12 : 1e-6;
    std::vector<Tensor> parameters;
    for (const char* name : {"a", "b", "c"}) {
      Tensor p = at::zeros(golden.shape("clip_grad_norm", name), type);
      p.mutable_grad() = at::tensor(golden.values("clip_grad_norm", name), type).reshape(p.sizes());
      parameters.push_back(p);
    }
    parameters.push_back(at::zeros({4}, type));  // without gradient
    const double norm = golden.values("clip_grad_norm", "norm").at(0);
    EXPECT_NEAR(clip_grad_norm(parameters, 1.0), norm, tolerance * norm);
    for (size_t i = 0; i < 3; ++i) {
      const auto wanted = golden.values("clip_grad_norm", std::string("clipped/") + "abc"[i]);
      const Tensor expected = at::tensor(wanted, at::kDouble).reshape(parameters[i].sizes());
      EXPECT_LE(largest_difference(parameters[i].grad(), expected), tolerance);
    }
    EXPECT_NEAR(clip_grad_norm(parameters, 1e9), 1, 1e-5);  // nothing left to clip
  }
}

TEST(ClipGradNorm, ReportsABrokenNormWithoutTouchingGradients) {
  Tensor p = at::zeros({2}), q = at::zeros({2});
  p.mutable_grad() = at::tensor({1.0f, std::numeric_limits<float>::infinity()});
  q.mutable_grad() = at::ones({2});
  EXPECT_FALSE(std::isfinite(clip_grad_norm({p, q}, 1)));
  EXPECT_EQ(q.grad()[0].item<double>(), 1);
  EXPECT_THROW(clip_grad_norm({q}, 0), UserError);
}

}  // namespace
}  // namespace likewise
