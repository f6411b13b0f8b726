#include "likewise/losses/nt_xent.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <functional>

#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "losses/nt_xent_tiles.hpp"
#include "support/golden.hpp"

namespace likewise {
namespace {

using LossFunction =
    std::function<Tensor(const Tensor&, const Tensor&, const NtXentOptions&, const Tensor&)>;

Tensor normal_rows(int64_t n, int64_t d, uint64_t seed, at::ScalarType type = at::kFloat) {
  std::vector<float> x(n * d);
  Rng(seed).fill_normal(x.data(), n * d);
  return at::tensor(x).reshape({n, d}).to(type);
}

Tensor leaf(const Tensor& x) { return x.detach().clone().set_requires_grad(true); }

double largest_difference(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

struct Gradients {
  double loss;
  Tensor z0, z1, t;
};

Gradients gradients_of(const LossFunction& loss, const Tensor& z0, const Tensor& z1,
                       const NtXentOptions& options, const Tensor& t = {}) {
  const Tensor a = leaf(z0), b = leaf(z1), c = t.defined() ? leaf(t) : t;
  const Tensor value = loss(a, b, options, c);
  EXPECT_EQ(value.dim(), 0);
  EXPECT_EQ(value.scalar_type(), z0.scalar_type());
  (value * 1.0).backward();
  return {value.item<double>(), a.grad(), b.grad(), c.defined() ? c.grad() : Tensor()};
}

const LossFunction kTiled = nt_xent;
const LossFunction kPlain = nt_xent_plain;

class GoldenCase : public testing::TestWithParam<const char*> {};

TEST_P(GoldenCase, AgreesInValueAndGradient) {
  const Golden golden("losses");
  const std::string name = GetParam();
  const auto& entry = golden.entry(name);
  const auto tensor = [&](const std::string& which) {
    return at::tensor(golden.values(name, which), at::kDouble).reshape(golden.shape(name, which));
  };
  NtXentOptions options;
  options.temperature = entry.at("options").at("temperature");
  options.decoupled = name.rfind("dcl", 0) == 0;
  options.decoupled_sigma = entry.at("options").value("sigma", 0.0);
  Tensor t;
  if (name.find("learnable") != std::string::npos) {
    t = tensor("log_scale");
    options.temperature = 123;  // must not matter
  }
  struct Way {
    LossFunction loss;
    at::ScalarType type;
  };
  for (const Way& way : {Way{kPlain, at::kDouble}, Way{kTiled, at::kDouble},
                         Way{kPlain, at::kFloat}, Way{kTiled, at::kFloat}}) {
    SCOPED_TRACE(c10::toString(way.type));
    const auto& tolerance = entry.at("tolerance").at(way.type == at::kDouble ? "f64" : "f32");
    const double rtol = tolerance.at("rtol"), atol = tolerance.at("atol");
    const Gradients got =
        gradients_of(way.loss, tensor("z0").to(way.type), tensor("z1").to(way.type), options,
                     t.defined() ? t.to(way.type) : t);
    const double expected = golden.values(name, "out").at(0);
    EXPECT_NEAR(got.loss, expected, atol + rtol * std::abs(expected));
    const auto expect_close = [&](const Tensor& actual, const Tensor& wanted) {
      const Tensor excess = (actual.to(at::kDouble) - wanted).abs() - rtol * wanted.abs();
      EXPECT_LE(excess.max().item<double>(), atol);
    };
    if (name == "nt_xent_stress" && way.type == at::kFloat) {
      // Rows of length 1e-3 have gradients of 1e5: compare what moves the directions.
      const auto scaled = [&](const Tensor& g, const char* z) {
        return g.to(at::kDouble) * tensor(z).norm(2, {1}, true);
      };
      EXPECT_LE(largest_difference(scaled(got.z0, "z0"), scaled(tensor("grad_z0"), "z0")), atol);
      EXPECT_LE(largest_difference(scaled(got.z1, "z1"), scaled(tensor("grad_z1"), "z1")), atol);
    } else {
      expect_close(got.z0, tensor("grad_z0"));
      expect_close(got.z1, tensor("grad_z1"));
    }
    if (t.defined()) expect_close(got.t, tensor("grad_log_scale"));
  }
}

INSTANTIATE_TEST_SUITE_P(NtXent, GoldenCase,
                         testing::Values("nt_xent_1", "nt_xent_2", "nt_xent_3", "nt_xent_4",
                                         "nt_xent_5", "nt_xent_stress", "nt_xent_all_equal",
                                         "nt_xent_learnable_temperature_1",
                                         "nt_xent_learnable_temperature_2", "dcl_1", "dcl_2",
                                         "dclw_1", "dclw_2"),
                         [](const auto& item) { return std::string(item.param); });

TEST(NtXent, HasItsClosedForms) {
  for (const int64_t n : {1, 2, 7, 100}) {
    for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
      const Tensor same = at::ones({n, 9}, type);
      EXPECT_NEAR(nt_xent(same, same * 2).item<double>(), std::log(2 * n - 1), 1e-6);
      const Tensor axes = at::eye(n, type);
      for (const double tau : {0.5, 0.07}) {
        NtXentOptions options;
        options.temperature = tau;
        EXPECT_NEAR(nt_xent(axes, axes, options).item<double>(),
                    std::log1p((2 * n - 2) * std::exp(-1 / tau)), 2e-6);
      }
      NtXentOptions decoupled;
      decoupled.decoupled = true;
      if (n > 1) {
        EXPECT_NEAR(nt_xent(same, same, decoupled).item<double>(), std::log(2 * n - 2), 1e-6);
      }
    }
  }
}

TEST(NtXent, OnePairCostsNothingAndPullsNothing) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const Gradients got =
        gradients_of(kTiled, normal_rows(1, 5, 1, type), normal_rows(1, 5, 2, type), {});
    EXPECT_EQ(got.loss, 0);
    EXPECT_EQ(got.z0.abs().max().item<double>(), 0);
  }
}

TEST(NtXent, TiledFormsAgreeWithThePlainOneForEverySizeAndVariant) {
  for (const int64_t n : {1, 2, 3, 71, 72, 73, 181}) {
    for (const int64_t d : {1, 3, 16, 65}) {
      for (int variant = 0; variant < 4; ++variant) {
        NtXentOptions options;
        options.temperature = 0.2;
        options.decoupled = variant >= 1;
        options.decoupled_sigma = variant == 2 ? 0.5 : 0;
        options.normalize = variant != 3;
        if (options.decoupled && n < 2) continue;
        SCOPED_TRACE(testing::Message() << "n " << n << " d " << d << " variant " << variant);
        const Tensor z0 = normal_rows(n, d, 1, at::kDouble), z1 = normal_rows(n, d, 2, at::kDouble);
        const Tensor t = at::full({}, 1.2, at::kDouble);
        const Gradients plain = gradients_of(kPlain, z0, z1, options, t);
        const Gradients tiled = gradients_of(kTiled, z0, z1, options, t);
        EXPECT_NEAR(tiled.loss, plain.loss, 1e-11 * (1 + std::abs(plain.loss)));
        EXPECT_LE(largest_difference(tiled.z0, plain.z0), 1e-11);
        EXPECT_LE(largest_difference(tiled.z1, plain.z1), 1e-11);
        EXPECT_NEAR(tiled.t.item<double>(), plain.t.item<double>(), 1e-10);
        const auto single = [](const Tensor& x) { return x.to(at::kFloat); };
        const Gradients fast = gradients_of(kTiled, single(z0), single(z1), options, single(t));
        const double size = 1 + plain.z0.abs().max().item<double>();
        EXPECT_NEAR(fast.loss, plain.loss, 4e-6 * (1 + std::abs(plain.loss)));
        EXPECT_LE(largest_difference(fast.z0, plain.z0), 4e-6 * size);
        EXPECT_LE(largest_difference(fast.z1, plain.z1), 4e-6 * size);
        EXPECT_NEAR(fast.t.item<double>(), plain.t.item<double>(),
                    2e-5 * (1 + std::abs(plain.t.item<double>())));
      }
    }
  }
}

TEST(NtXent, TilesOfAnyHeightGiveTheSame) {
  const Tensor z0 = normal_rows(37, 6, 1, at::kDouble), z1 = normal_rows(37, 6, 2, at::kDouble);
  const Tensor scale = at::full({}, 5.0, at::kDouble);
  const NtXentParts whole = nt_xent_aten(z0, z1, {}, scale, true, 1000);
  for (const int64_t tile : {1, 10, 37, 73}) {
    const NtXentParts parts = nt_xent_aten(z0, z1, {}, scale, true, tile);
    EXPECT_NEAR(parts.loss.item<double>(), whole.loss.item<double>(), 1e-13);
    EXPECT_LE(largest_difference(parts.grad0, whole.grad0), 1e-13);
    EXPECT_NEAR(parts.scale_gradient.item<double>(), whole.scale_gradient.item<double>(), 1e-13);
  }
}

TEST(NtXent, GradientIsThatOfCentralDifferences) {
  for (const bool decoupled : {false, true}) {
    NtXentOptions options;
    options.decoupled = decoupled;
    options.temperature = 0.3;
    const Tensor z0 = normal_rows(5, 4, 1, at::kDouble), z1 = normal_rows(5, 4, 2, at::kDouble);
    const Gradients got = gradients_of(kTiled, z0, z1, options);
    for (int64_t i = 0; i < z0.numel(); ++i) {
      const double h = 1e-5;
      Tensor up = z0.clone(), down = z0.clone();
      up.data_ptr<double>()[i] += h;
      down.data_ptr<double>()[i] -= h;
      const double slope = (nt_xent(up, z1, options) - nt_xent(down, z1, options)).item<double>();
      EXPECT_NEAR(got.z0.data_ptr<double>()[i], slope / (2 * h), 1e-8);
    }
  }
}

// Per anchor, NT-Xent's gradient is q = 1 - P(positive) times that of the decoupled loss. With two
// samples on opposite sides, all four anchors see the same and have the same q.
TEST(NtXent, GradientIsThatOfTheDecoupledLossTimesTheMissingProbability) {
  const Tensor z0 = at::tensor({1.0, 0.3, -1.0, -0.3}, at::kDouble).reshape({2, 2});
  const Tensor z1 = at::tensor({1.0, -0.3, -1.0, 0.3}, at::kDouble).reshape({2, 2});
  NtXentOptions coupled, decoupled;
  decoupled.decoupled = true;
  const Gradients full = gradients_of(kTiled, z0, z1, coupled);
  const Gradients dcl = gradients_of(kTiled, z0, z1, decoupled);
  const double q = 1 - std::exp(-full.loss);  // l_i = -log P(positive), the same for all anchors
  EXPECT_LE(largest_difference(full.z0, q * dcl.z0), 1e-12);
  EXPECT_LE(largest_difference(full.z1, q * dcl.z1), 1e-12);
  EXPECT_GT(full.z0.abs().max().item<double>(), 1e-3);
}

TEST(NtXent, DoesNotChangeUnderRotationOrderOfViewsOrLength) {
  const Tensor z0 = normal_rows(30, 8, 1), z1 = normal_rows(30, 8, 2);
  const double value = nt_xent(z0, z1).item<double>();
  EXPECT_NEAR(nt_xent(z1, z0).item<double>(), value, 1e-6);
  EXPECT_NEAR(nt_xent(z0 * 7, z1 * 0.01).item<double>(), value, 1e-6);
  const Tensor rotation = std::get<0>(at::linalg_qr(normal_rows(8, 8, 3)));
  EXPECT_NEAR(nt_xent(at::matmul(z0, rotation), at::matmul(z1, rotation)).item<double>(), value,
              2e-6);
  const Gradients one = gradients_of(kTiled, z0, z1, {}), other = gradients_of(kTiled, z1, z0, {});
  EXPECT_LE(largest_difference(one.z0, other.z1), 1e-7);
}

TEST(NtXent, IsStableAtATemperatureOfOneHundredth) {
  NtXentOptions options;
  options.temperature = 0.01;
  const Tensor z0 = normal_rows(70, 2, 1), z1 = -z0;  // positives as far as can be
  const Gradients fast = gradients_of(kTiled, z0, z1, options);
  const Gradients exact = gradients_of(kPlain, z0.to(at::kDouble), z1.to(at::kDouble), options);
  EXPECT_NEAR(fast.loss, exact.loss, 1e-5 * exact.loss);
  const double size = exact.z0.abs().max().item<double>();
  EXPECT_LE(largest_difference(fast.z0, exact.z0), 1e-4 * size);
}

TEST(NtXent, KeepsPrecisionWhereThePlainFormLosesIt) {
  // Perfect positives at a small temperature: the loss is about 3e-9, below float's resolution
  // at 1.
  NtXentOptions options;
  options.temperature = 0.05;
  const Tensor axes = at::eye(2);
  const double expected = std::log1p(2 * std::exp(-20.0));
  EXPECT_NEAR(nt_xent(axes, axes, options).item<double>() / expected, 1, 1e-5);
}

TEST(NtXent, IsTheSameToTheBitForAnyNumberOfThreads) {
  const Tensor z0 = normal_rows(257, 33, 1), z1 = normal_rows(257, 33, 2);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Gradients one = gradients_of(kTiled, z0, z1, {});
  for (const int threads : {2, 4}) {
    at::set_num_threads(threads);
    const Gradients many = gradients_of(kTiled, z0, z1, {});
    EXPECT_EQ(many.loss, one.loss);
    EXPECT_TRUE(many.z0.equal(one.z0));
    EXPECT_TRUE(many.z1.equal(one.z1));
  }
  at::set_num_threads(before);
}

// The matrix of similarities alone would take 256 MiB.
TEST(NtXent, NeedsMemoryLinearInTheBatch) {
  const Tensor z0 = normal_rows(4096, 8, 1), z1 = normal_rows(4096, 8, 2);
  const auto peak_kib = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const auto before = peak_kib();
  gradients_of(kTiled, z0, z1, {});
  EXPECT_LT(peak_kib() - before, 32 * 1024);
}

TEST(NtXent, LearnedTemperatureStopsAtAScaleOfOneHundred) {
  const Tensor z0 = normal_rows(6, 4, 1), z1 = normal_rows(6, 4, 2);
  const auto at_t = [&](double t) {
    return gradients_of(kTiled, z0, z1, {}, at::full({1}, t, at::kFloat));
  };
  NtXentOptions hottest;
  hottest.temperature = 0.01;
  const Gradients beyond = at_t(7);
  EXPECT_NEAR(beyond.loss, nt_xent(z0, z1, hottest).item<double>(), 1e-4);
  EXPECT_EQ(beyond.t.item<double>(), 0);
  EXPECT_EQ(beyond.t.dim(), 1);
  EXPECT_NE(at_t(4).t.item<double>(), 0);
}

TEST(NtXent, TakesHalfTypesAndStridedViewsAndScalesWithTheUpstreamGradient) {
  const Tensor both = normal_rows(2 * 20, 8, 1);
  const Tensor z = leaf(both.t().contiguous().t());
  const Tensor loss = nt_xent(z.narrow(0, 0, 20), z.narrow(0, 20, 20));
  (loss * 3).backward();
  const Gradients expected =
      gradients_of(kTiled, both.narrow(0, 0, 20), both.narrow(0, 20, 20), {});
  EXPECT_LE(largest_difference(z.grad(), 3 * at::cat({expected.z0, expected.z1})), 1e-7);

  const Gradients half = gradients_of(kTiled, both.narrow(0, 0, 20).to(at::kBFloat16),
                                      both.narrow(0, 20, 20).to(at::kBFloat16), {});
  EXPECT_NEAR(half.loss, expected.loss, 0.02);
}

TEST(NtXent, MakesNoGradientWhereNoneIsAskedFor) {
  const Tensor z0 = leaf(normal_rows(4, 3, 1)), z1 = normal_rows(4, 3, 2);
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(nt_xent(z0, z1).requires_grad());
}

TEST(NtXent, RefusesASecondDerivativeInsteadOfGivingAWrongOne) {
  const Tensor z0 = leaf(normal_rows(4, 3, 1)), z1 = normal_rows(4, 3, 2);
  EXPECT_THROW(torch::autograd::grad({nt_xent(z0, z1)}, {z0}, {}, true, true), UserError);
  EXPECT_NO_THROW(torch::autograd::grad({nt_xent_plain(z0, z1)}, {z0}, {}, true, true));
}

TEST(NtXent, RejectsWhatItCannotCompare) {
  const Tensor z = at::ones({3, 4});
  EXPECT_THROW(nt_xent(z, at::ones({2, 4})), UserError);
  EXPECT_THROW(nt_xent(at::ones({3}), at::ones({3})), UserError);
  EXPECT_THROW(nt_xent(at::ones({0, 4}), at::ones({0, 4})), UserError);
  EXPECT_THROW(nt_xent(z, z.to(at::kDouble)), UserError);
  NtXentOptions cold;
  cold.temperature = 0;
  EXPECT_THROW(nt_xent(z, z, cold), UserError);
  NtXentOptions decoupled;
  decoupled.decoupled = true;
  EXPECT_THROW(nt_xent(at::ones({1, 4}), at::ones({1, 4}), decoupled), UserError);
}

TEST(NtXent, DescendingItBringsViewsTogether) {
  Tensor z0 = leaf(normal_rows(16, 8, 1)), z1 = leaf(normal_rows(16, 8, 2));
  double first = 0, last = 0;
  for (int step = 0; step < 20; ++step) {
    const Tensor loss = nt_xent(z0, z1);
    loss.backward();
    last = loss.item<double>();
    if (step == 0) first = last;
    z0 = leaf(z0 - 20 * z0.grad());
    z1 = leaf(z1 - 20 * z1.grad());
  }
  EXPECT_LT(last, first - 0.5);
}

}  // namespace
}  // namespace likewise
