#include "likewise/losses/contrastive.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <functional>

#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "likewise/losses/nt_xent.hpp"
#include "losses/contrastive_support.hpp"

namespace likewise::contrastive_test {
namespace {

using Function = Tensor (*)(const Tensor&, const Tensor&, const InfoNcePairs&,
                            const InfoNceOptions&, const Tensor&);

// Inputs q, k, t and, if the pairs want it, the positive keys.
Loss loss_of(Function f, const InfoNcePairs& pairs, const InfoNceOptions& options) {
  return [=](const Inputs& x) {
    InfoNcePairs own = pairs;
    if (x.size() > 3) own.positive_key = x[3];
    return f(x[0], x[1], own, options, x[2]);
  };
}

struct Variant {
  const char* name;
  bool positive, beside, self, groups, attract, decoupled, weights;
};

const Variant kVariants[] = {
    {"MoCo", false, true, false, false, true, false, false},
    {"indices", true, false, false, false, true, false, false},
    {"indices and self", true, false, true, false, true, false, false},
    {"decoupled", true, false, true, false, true, true, false},
    {"classes", false, false, true, true, true, false, false},
    {"classes and own", true, false, true, true, true, false, false},
    {"classes and own beside", false, true, false, true, true, false, true},
    {"classes, decoupled", true, false, true, true, true, true, false},
    {"false negatives left out", true, false, true, true, false, false, true},
    {"false negatives left out, beside", false, true, false, true, false, true, false},
};

struct Problem {
  Problem(const Variant& v, int64_t n, int64_t m, int64_t d, double t) {
    if (v.positive) pairs.positive = integers(n, 0, m, 5);
    if (v.self) pairs.self = (integers(n, 0, m, 6) + 1).remainder(m);
    if (v.self && v.positive) {  // a key that is both is not what anybody means
      pairs.self = pairs.self.masked_fill(pairs.self == pairs.positive, -1);
    }
    if (v.groups) {
      pairs.query_group = integers(n, -1, 4, 7);
      pairs.key_group = integers(m, -1, 4, 8);
      pairs.groups_attract = v.attract;
    }
    if (v.weights) pairs.key_log_weight = rows(m, 1, 9).squeeze(1);
    options.decoupled = v.decoupled;
    inputs = {rows(n, d, 1, at::kDouble), rows(m, d, 2, at::kDouble), at::full({}, t, at::kDouble)};
    if (v.beside) inputs.push_back(rows(n, d, 3, at::kDouble));
  }
  InfoNcePairs pairs;
  InfoNceOptions options;
  Inputs inputs;
};

TEST(InfoNce, KernelAgreesWithThePlainFormInEveryStructureAndSize) {
  for (const Variant& v : kVariants) {
    for (const auto& [n, m, d] : {std::tuple{1, 2, 3}, {7, 5, 8}, {33, 70, 16}, {200, 390, 13}}) {
      for (const bool normalize : {true, false}) {
        SCOPED_TRACE(testing::Message() << v.name << " n " << n << " m " << m << " d " << d);
        Problem p(v, n, m, d, normalize ? 1.9 : -0.5);
        p.options.normalize = normalize;
        const Result plain = result_of(loss_of(info_nce_plain, p.pairs, p.options), p.inputs);
        const Result fast =
            result_of(loss_of(info_nce, p.pairs, p.options), as(p.inputs, at::kFloat));
        expect_close(fast, plain, 1e-5);
      }
    }
  }
}

TEST(InfoNce, PlainFormsGradientIsThatOfCentralDifferences) {
  for (const Variant& v : kVariants) {
    SCOPED_TRACE(v.name);
    const Problem p(v, 6, 9, 4, 1.0);
    const Loss loss = loss_of(info_nce, p.pairs, p.options);  // double: the plain form
    const Result got = result_of(loss, p.inputs);
    for (size_t which = 0; which < p.inputs.size(); ++which) {
      for (int64_t i = 0; i < p.inputs[which].numel(); ++i) {
        const double h = 1e-5;
        Inputs up = p.inputs, down = p.inputs;
        up[which] = up[which].clone(), down[which] = down[which].clone();
        up[which].data_ptr<double>()[i] += h;
        down[which].data_ptr<double>()[i] -= h;
        const double slope = (loss(up) - loss(down)).item<double>() / (2 * h);
        EXPECT_NEAR(got.gradients[which].data_ptr<double>()[i], slope, 1e-8);
      }
    }
  }
}

// Shared by the tests against cross-entropy: logits of divided rows.
Tensor logits_of(const Tensor& q, const Tensor& k, double temperature) {
  return at::matmul(unit(q), unit(k).t()) / temperature;
}

TEST(InfoNce, IsCrossEntropyOfTheSimilarities) {
  const Inputs x = {rows(12, 6, 1, at::kDouble), rows(30, 6, 2, at::kDouble)};
  const Tensor target = integers(12, 0, 30, 3);
  const Result expected = result_of(
      [&](const Inputs& in) {
        return at::cross_entropy_loss(logits_of(in[0], in[1], 0.1), target);
      },
      x);
  for (const auto type : {at::kDouble, at::kFloat}) {
    const Result got =
        result_of([&](const Inputs& in) { return info_nce(in[0], in[1], {.positive = target}); },
                  as(x, type));
    expect_close(got, expected, type == at::kDouble ? 1e-13 : 5e-6);
  }
}

TEST(InfoNce, WithAQueueIsCrossEntropyWithTheOwnKeyFirst) {
  const Inputs x = {rows(12, 6, 1, at::kDouble), rows(12, 6, 2, at::kDouble),
                    rows(50, 6, 3, at::kDouble)};
  const Tensor zeros = at::zeros({12}, at::kLong);
  const Result expected = result_of(
      [&](const Inputs& in) {
        const Tensor own = logits_of(in[0], in[1], 0.2).diagonal().unsqueeze(1);
        return at::cross_entropy_loss(at::cat({own, logits_of(in[0], in[2], 0.2)}, 1), zeros);
      },
      x);
  const Result got = result_of(
      [&](const Inputs& in) {
        return info_nce(in[0], in[2], {.positive_key = in[1]}, {.temperature = 0.2});
      },
      as(x, at::kFloat));
  expect_close(got, expected, 5e-6);
}

TEST(InfoNce, OfTwoViewsAgainstAllIsNtXent) {
  for (const bool decoupled : {false, true}) {
    const int64_t n = 40;
    const Inputs x = {rows(n, 8, 1), rows(n, 8, 2)};
    NtXentOptions nt;
    nt.decoupled = decoupled;
    nt.temperature = 0.3;
    const Result expected =
        result_of([&](const Inputs& in) { return nt_xent(in[0], in[1], nt); }, x);
    const InfoNceOptions options{.temperature = 0.3, .decoupled = decoupled};
    const Result general = result_of(
        [&](const Inputs& in) {
          const Tensor z = at::cat({in[0], in[1]}), self = at::arange(2 * n, at::kLong);
          return info_nce(z, z, {.positive = self.roll(n), .self = self}, options);
        },
        x);
    expect_close(general, expected, 5e-6);
    const Result unlabelled = result_of(
        [&](const Inputs& in) {
          return sup_con(in[0], in[1], at::full({n}, -1, at::kLong), options);
        },
        x);
    expect_close(unlabelled, expected, 5e-6);
  }
}

TEST(InfoNce, ClosedForms) {
  for (const int64_t m : {1, 5, 300}) {  // all keys alike
    const Tensor q = at::ones({4, 3}), k = at::ones({m, 3});
    const Tensor first = at::zeros({4}, at::kLong);
    EXPECT_NEAR(info_nce(q, k, {.positive = first}).item<double>(), std::log(m), 1e-5);
    const Tensor beside = info_nce(q, k, {.positive_key = q});
    EXPECT_NEAR(beside.item<double>(), std::log(m + 1), 1e-5);
    const Tensor doubled = at::full({m}, std::log(2.0), at::kFloat);
    EXPECT_NEAR(info_nce(q, k, {.positive_key = q, .key_log_weight = doubled}).item<double>(),
                std::log(2 * m + 1), 1e-5);
  }
  // One class, all alike: every other row is a positive.
  const Tensor z = at::ones({5, 3});
  EXPECT_NEAR(sup_con(z, z, at::zeros({5}, at::kLong)).item<double>(), std::log(9), 1e-5);
}

TEST(InfoNce, ClipLossIsTheMeanOfBothDirections) {
  const Inputs x = {rows(30, 8, 1, at::kDouble), rows(30, 8, 2, at::kDouble),
                    at::full({}, 2.0, at::kDouble)};
  const Tensor groups = integers(30, -1, 6, 3);
  for (const Tensor& g : {Tensor(), groups}) {
    const auto both = [&](const Inputs& in) {
      InfoNcePairs pairs;
      pairs.query_group = pairs.key_group = g;
      pairs.groups_attract = false;
      return (info_nce_plain(in[0], in[1], pairs, {}, in[2]) +
              info_nce_plain(in[1], in[0], pairs, {}, in[2])) /
             2;
    };
    const Result expected = result_of(both, x);
    const auto ours = [&](const Inputs& in) { return clip_loss(in[0], in[1], {}, in[2], g); };
    expect_close(result_of(ours, x), expected, 1e-12);
    expect_close(result_of(ours, as(x, at::kFloat)), expected, 1e-5);
  }
  const Tensor logits = logits_of(x[0], x[1], 0.1), target = at::arange(30, at::kLong);
  EXPECT_NEAR(
      clip_loss(x[0], x[1]).item<double>(),
      ((at::cross_entropy_loss(logits, target) + at::cross_entropy_loss(logits.t(), target)) / 2)
          .item<double>(),
      1e-12);
}

TEST(InfoNce, IsStableAtATemperatureOfOneHundredth) {
  for (const Variant& v : kVariants) {
    SCOPED_TRACE(v.name);
    Problem p(v, 40, 60, 2, std::log(100.0));
    p.inputs[1] = -p.inputs[0].repeat({2, 1}).narrow(0, 0, 60);
    const Result plain = result_of(loss_of(info_nce_plain, p.pairs, p.options), p.inputs);
    const Result fast = result_of(loss_of(info_nce, p.pairs, p.options), as(p.inputs, at::kFloat));
    expect_close(fast, plain, 1e-4);
  }
}

TEST(InfoNce, LearnedTemperatureStopsAtAScaleOfOneHundred) {
  const Tensor q = rows(6, 4, 1), k = rows(6, 4, 2);
  const auto at_t = [&](double t) {
    return result_of([&](const Inputs& in) { return info_nce(q, k, {}, {}, in[0]); },
                     {at::full({1}, t, at::kFloat)});
  };
  EXPECT_NEAR(at_t(7).loss, info_nce(q, k, {}, {.temperature = 0.01}).item<double>(), 1e-4);
  EXPECT_EQ(at_t(7).gradients[0].item<double>(), 0);
  EXPECT_NE(at_t(4).gradients[0].item<double>(), 0);
  EXPECT_EQ(at_t(4).gradients[0].dim(), 1);
}

TEST(InfoNce, IsTheSameToTheBitForAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  for (const Variant& v : kVariants) {
    const Problem p(v, 250, 900, 33, 2.0);
    at::set_num_threads(1);
    const Loss loss = loss_of(info_nce, p.pairs, p.options);
    const Result one = result_of(loss, as(p.inputs, at::kFloat));
    for (const int threads : {2, 4}) {
      at::set_num_threads(threads);
      const Result many = result_of(loss, as(p.inputs, at::kFloat));
      EXPECT_EQ(many.loss, one.loss) << v.name;
      for (size_t i = 0; i < many.gradients.size(); ++i) {
        EXPECT_TRUE(many.gradients[i].equal(one.gradients[i])) << v.name;
      }
    }
  }
  at::set_num_threads(before);
}

// The matrix of similarities alone would take 320 MB.
TEST(InfoNce, NeedsMemoryLinearInQueriesAndKeys) {
  const Tensor q = rows(2000, 8, 1), k = rows(40000, 8, 2), own = rows(2000, 8, 3);
  const auto peak_kib = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const auto before = peak_kib();
  result_of([&](const Inputs& in) { return info_nce(in[0], k, {.positive_key = own}); }, {q});
  EXPECT_LT(peak_kib() - before, 24 * 1024);
}

TEST(InfoNce, SecondDerivativesAreThoseOfThePlainForm) {
  for (const Variant& v : kVariants) {
    SCOPED_TRACE(v.name);
    const Problem p(v, 7, 10, 5, 1.0);
    const auto second = [&](Function f, at::ScalarType type) {
      Inputs x;
      for (const Tensor& t : as(p.inputs, type)) x.push_back(leaf(t));
      const Tensor value = loss_of(f, p.pairs, p.options)(x);
      const auto g = torch::autograd::grad({value * 2}, x, {}, true, true);
      Tensor squares = at::zeros({}, value.options());
      for (const Tensor& part : g) squares = squares + part.square().sum();
      return torch::autograd::grad({squares}, x);
    };
    const auto expected = second(info_nce_plain, at::kDouble);
    const auto got = second(info_nce, at::kFloat);
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_LE(apart(got[i], expected[i]), 2e-4 * (1 + expected[i].abs().max().item<double>()));
    }
  }
}

TEST(InfoNce, MakesGradientsOnlyForThoseWhoAsk) {
  const Tensor q = leaf(rows(4, 3, 1)), queue = rows(9, 3, 2), own = rows(4, 3, 3);
  const Tensor loss = info_nce(q, queue, {.positive_key = own});
  loss.backward();
  EXPECT_TRUE(q.grad().defined());
  EXPECT_FALSE(queue.grad().defined());
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(info_nce(q, queue, {.positive_key = own}).requires_grad());
}

TEST(InfoNce, TakesHalfTypesAndStridedRowsAndScalesWithTheUpstreamGradient) {
  const Tensor q = rows(20, 8, 1), k = rows(30, 8, 2), target = integers(20, 0, 30, 3);
  const auto loss = [&](const Inputs& in) { return info_nce(in[0], in[1], {.positive = target}); };
  const Result expected = result_of(loss, {q, k});
  const Tensor strided = leaf(q.t().contiguous()), doubled = leaf(k.repeat({1, 2}));
  (loss({strided.t(), doubled.narrow(1, 8, 8)}) * 3).backward();
  EXPECT_LE(apart(strided.grad().t(), 3 * expected.gradients[0]), 1e-6);
  EXPECT_LE(apart(doubled.grad().narrow(1, 8, 8), 3 * expected.gradients[1]), 1e-6);
  const Result half = result_of(loss, as({q, k}, at::kBFloat16));
  EXPECT_NEAR(half.loss, expected.loss, 0.03);
  EXPECT_EQ(half.gradients[0].scalar_type(), at::kBFloat16);
}

TEST(InfoNce, WithoutAnyPositiveIsZeroWithZeroGradient) {
  const Tensor nobody = at::full({4}, -1, at::kLong);
  for (const auto type : {at::kFloat, at::kDouble}) {
    const Result got =
        result_of([&](const Inputs& in) { return info_nce(in[0], in[1], {.positive = nobody}); },
                  {rows(4, 3, 1, type), rows(5, 3, 2, type)});
    EXPECT_EQ(got.loss, 0);
    for (const Tensor& g : got.gradients) EXPECT_EQ(g.abs().max().item<double>(), 0);
  }
}

TEST(InfoNce, RejectsWhatItCannotCompare) {
  const Tensor q = rows(4, 3, 1), k = rows(5, 3, 2);
  EXPECT_THROW(info_nce(q, k), UserError);  // which key is whose?
  EXPECT_NO_THROW(info_nce(q, q));
  EXPECT_THROW(info_nce(q, rows(5, 2, 1), {.positive = at::zeros({4}, at::kLong)}), UserError);
  EXPECT_THROW(info_nce(q, k, {.positive = at::full({4}, 5, at::kLong)}), UserError);
  EXPECT_THROW(info_nce(q, k, {.positive = at::full({4}, -2, at::kLong)}), UserError);
  EXPECT_THROW(info_nce(q, k, {.positive = at::zeros({3}, at::kLong)}), UserError);
  EXPECT_THROW(info_nce(q, k, {.positive = at::zeros({4}, at::kInt)}), UserError);
  EXPECT_THROW(info_nce(q, k, {.positive_key = rows(3, 3, 1)}), UserError);
  EXPECT_THROW(info_nce(q, k, {.positive = at::zeros({4}, at::kLong), .positive_key = q}),
               UserError);
  EXPECT_THROW(info_nce(q, k, {.query_group = at::zeros({4}, at::kLong)}), UserError);
  EXPECT_THROW(info_nce(q, q.to(at::kDouble)), UserError);
  EXPECT_THROW(info_nce(at::ones({0, 3}), k), UserError);
  EXPECT_THROW(info_nce(q, at::ones({0, 3}), {.positive_key = q}), UserError);
  EXPECT_THROW(info_nce(q, q, {}, {.temperature = 0}), UserError);
  EXPECT_THROW(info_nce(q, q, {}, {}, at::ones({2})), UserError);
  EXPECT_THROW(clip_loss(q, k), UserError);
  EXPECT_THROW(sup_con(q, q, at::zeros({3}, at::kLong)), UserError);
}

}  // namespace
}  // namespace likewise::contrastive_test
