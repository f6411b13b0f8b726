// What is special to each method of the contrastive family.

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <type_traits>

#include "likewise/base/error.hpp"
#include "likewise/eval/spectrum.hpp"
#include "likewise/losses/similarity_lse.hpp"
#include "likewise/methods/batch_labels.hpp"
#include "likewise/methods/byol.hpp"
#include "likewise/methods/cpc.hpp"
#include "likewise/methods/false_negatives.hpp"
#include "likewise/methods/inst_disc.hpp"
#include "likewise/methods/key_queue.hpp"
#include "likewise/methods/moco.hpp"
#include "likewise/methods/simclr.hpp"
#include "likewise/methods/simsiam.hpp"
#include "likewise/methods/swav.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/optim/ema.hpp"
#include "likewise/optim/optimizer.hpp"
#include "support/tiny_methods.hpp"

namespace likewise {
namespace {

using likewise::testing::ConvEncoder;
using likewise::testing::noise_batch;

template <class M>
std::shared_ptr<M> make(const typename M::Options& options = {}, int64_t samples = 16) {
  auto method = std::make_shared<M>(std::make_shared<ConvEncoder>(8), options);
  initialize(*method, Rng(1));
  TrainContext context;
  context.samples = samples;
  context.batch = 16;
  context.seed = 3;
  method->begin(context);
  method->train();
  return method;
}

void train(Method& method, int steps, double rate, int64_t n = 16) {
  std::vector<ParameterInfo> parameters;
  const Player learner = method.players().at(0);
  for (const auto& [name, tensor] : learner.parameters) {
    parameters.push_back({name, tensor, true});
  }
  OptimOptions options;
  options.weight_decay = 0;
  const auto optimizer = make_optimizer(options, parameters);
  for (int step = 0; step < steps; ++step) {
    const double fraction = static_cast<double>(step) / steps;
    method.begin_step({step, steps, fraction});
    optimizer->zero_grad();
    method.loss(noise_batch(n, 2, 50 + static_cast<uint64_t>(step)), {}).backward();
    method.after_backward();
    optimizer->step(rate);
    method.after_step({step + 1, steps, fraction});
  }
}

Tensor rows(int64_t first, int64_t count, int64_t width) {
  return at::arange(first, first + count, at::kFloat).unsqueeze(1).repeat({1, width});
}

TEST(KeyQueue, OverwritesTheOldestAndWrapsAround) {
  KeyQueue queue(5, 2);
  queue.begin(1);
  queue.push(rows(0, 3, 2), at::arange(3, at::kLong));
  queue.push(rows(3, 3, 2));  // two fit, the third goes to the front
  const Tensor keys = queue.keys().select(1, 0);
  EXPECT_TRUE(at::equal(keys, at::tensor(std::vector<float>{5, 1, 2, 3, 4})));
  EXPECT_TRUE(at::equal(queue.groups(), at::tensor(std::vector<int64_t>{-1, 1, 2, -1, -1})));
  queue.push(rows(10, 7, 2));  // more than it holds: the last five, in order of age
  EXPECT_TRUE(at::equal(queue.keys().select(1, 0), at::tensor(std::vector<float>{16, 12, 13, 14, 15})));
}

TEST(Moco, QueueHoldsTheKeysOfTheBatchesInOrder) {
  Moco::Options options;
  options.queue = 48;
  options.symmetric = false;
  options.parts = 1;
  const auto method = make<Moco>(options);
  const Batch batch = noise_batch(16, 2, 5);
  const Tensor before = method->queue().keys().clone();
  method->loss(batch, {}).backward();
  EXPECT_TRUE(at::equal(method->queue().keys(), before)) << "keys enter after the loss";
  method->after_step({1, 2, 0.5});
  EXPECT_TRUE(at::equal(method->queue().keys().narrow(0, 16, 32), before.narrow(0, 16, 32)));
  EXPECT_FALSE(at::equal(method->queue().keys().narrow(0, 0, 16), before.narrow(0, 0, 16)));
}

TEST(Moco, TheQueueTakesNoGradientAndTheSlowCopyNeither) {
  const auto method = make<Moco>();
  method->loss(noise_batch(16, 2, 5), {}).backward();
  for (const auto& item : method->named_parameters()) {
    if (item.key().rfind("copy.", 0) == 0) {
      EXPECT_FALSE(item.value().requires_grad()) << item.key();
      EXPECT_FALSE(item.value().grad().defined()) << item.key();
    }
  }
  const Player learner = method->players().at(0);
  for (const auto& [name, tensor] : learner.parameters) {
    EXPECT_EQ(name.find("copy."), std::string::npos);
  }
}

TEST(Moco, TheSlowCopyFollowsAsItsClosedFormSays) {
  // With the learner constant: k_n = q + m^n (k_0 - q).
  Moco::Options options;
  options.momentum = 0.9;
  const auto method = make<Moco>(options);
  {
    const at::NoGradGuard no_grad;
    for (auto& parameter : method->encoder().parameters()) parameter.add_(1);
  }
  std::vector<Tensor> start;
  const auto copies = [&] {
    std::vector<Tensor> out;
    for (const auto& item : method->named_parameters()) {
      if (item.key().rfind("copy.encoder.", 0) == 0) out.push_back(item.value().clone());
    }
    return out;
  };
  const auto before = copies();
  for (int i = 0; i < 5; ++i) method->after_step({i, 5, 0.1});
  const auto after = copies(), online = method->encoder().parameters();
  ASSERT_EQ(before.size(), online.size());
  for (size_t i = 0; i < before.size(); ++i) {
    const Tensor want = online[i] + std::pow(0.9, 5) * (before[i] - online[i]);
    EXPECT_TRUE(at::allclose(after[i], want, 1e-5, 1e-6));
  }
}

TEST(Moco, WithTheBatchAsQueueAndNoLagItIsInfoNceWithItselfTwice) {
  // momentum 0: the copy equals the learner. The queue holds the batch's own keys.
  Moco::Options options;
  options.momentum = 0;
  options.queue = 16;
  options.symmetric = false;
  const auto method = make<Moco>(options);
  method->eval();
  const Batch batch = noise_batch(16, 2, 5);
  const Tensor q = unit_rows(method->embed(batch.views[0])), k = unit_rows(method->embed(batch.views[1]));
  for (auto& item : method->named_buffers()) {
    if (item.key() == "queue.keys") item.value().copy_(k.detach());
  }
  const Tensor logits = q.matmul(k.t()) / 0.1;
  const Tensor own = logits.diagonal();
  const Tensor want = (logits.exp().sum(1) + own.exp()).log().sub(own).mean();
  EXPECT_NEAR(method->loss(batch, {}).item<double>(), want.item<double>(), 1e-4);
}

double spread(Method& method) {
  const at::NoGradGuard no_grad;
  method.train();  // batch statistics, as in training
  const Tensor z = method.embed(noise_batch(64, 1, 9).views[0]);
  return unit_std(z) * std::sqrt(static_cast<double>(z.size(1)));
}

TEST(SimSiam, CollapsesWithoutTheStoppedGradientOnly) {
  // A head without norms, so that nothing else keeps the projections apart.
  SimSiam::Options options;
  options.head = HeadOptions{.layers = 2, .hidden = 32, .out = 16, .batch_norm = false};
  options.predictor = HeadOptions{.layers = 2, .hidden = 32, .batch_norm = false};
  options.stop_gradient = false;
  const auto without = make<SimSiam>(options);
  train(*without, 300, 0.01);
  EXPECT_LT(spread(*without), 0.05);
  SimSiam::Options usual;
  usual.head = HeadOptions{.layers = 2, .hidden = 32, .out = 16, .last_batch_norm = true, .last_affine = false};
  usual.predictor = HeadOptions{.layers = 2, .hidden = 8};
  const auto with = make<SimSiam>(usual);
  train(*with, 300, 0.01);
  EXPECT_GT(spread(*with), 0.5);
}

TEST(Byol, ItsValueLiesBetweenZeroAndEight) {
  const auto method = make<Byol>();
  const double value = method->loss(noise_batch(16, 2, 5), {}).item<double>();
  EXPECT_GT(value, 0);
  EXPECT_LT(value, 8);
}

TEST(Swav, PrototypesKeepLengthOneAndStandStillAtFirst) {
  Swav::Options options;
  options.prototypes = 12;
  options.freeze = 1;
  auto method = std::make_shared<Swav>(std::make_shared<ConvEncoder>(8), options);
  initialize(*method, Rng(1));
  TrainContext context;
  context.steps_per_epoch = 4;
  method->begin(context);
  const auto prototypes = [&] { return method->named_parameters()["prototypes.weight"].clone(); };
  const Tensor start = prototypes();
  EXPECT_TRUE(at::allclose(start.norm(2, {1}), at::zeros({12}) + 1));
  train(*method, 4, 0.05);
  EXPECT_TRUE(at::allclose(prototypes(), start, 1e-5, 1e-6));
  train(*method, 8, 0.05);
  EXPECT_FALSE(at::allclose(prototypes(), start, 1e-3, 1e-3));
  EXPECT_TRUE(at::allclose(prototypes().norm(2, {1}), at::zeros({12}) + 1));
}

TEST(InstDisc, BankRowsOfTheBatchMoveAndNoOther) {
  const auto method = make<InstDisc>({}, 40);
  const Tensor before = method->bank().clone();
  method->loss(noise_batch(16, 1, 5), {}).backward();
  method->after_step({1, 2, 0.5});
  EXPECT_FALSE(at::allclose(method->bank().narrow(0, 0, 16), before.narrow(0, 0, 16)));
  EXPECT_TRUE(at::equal(method->bank().narrow(0, 16, 24), before.narrow(0, 16, 24)));
}

TEST(Cpc, TheContextSeesNothingFromBelow) {
  const auto method = make<Cpc>();
  const Tensor z = at::zeros({1, 8, 5, 4});
  Rng(2).fill_normal(z.data_ptr<float>(), z.numel());
  z.set_requires_grad(true);
  for (int64_t row = 0; row < 5; ++row) {
    z.mutable_grad() = Tensor();
    method->context(z).select(2, row).sum().backward();
    const Tensor by_row = z.grad().abs().sum(at::IntArrayRef{0, 1, 3});  // [R]
    for (int64_t other = 0; other < 5; ++other) {
      if (other > row) {
        EXPECT_EQ(by_row[other].item<float>(), 0) << row << " " << other;
      }
    }
    EXPECT_GT(by_row[row].item<float>(), 0);
  }
}

TEST(SampleLabels, GivesStrangersLabelsOfTheirOwn) {
  Batch batch = noise_batch(6, 1, 1);
  batch.labels = at::tensor(std::vector<int64_t>{2, -1, 2, -1, 0, -1});
  const Tensor labels = sample_labels(batch, true);
  EXPECT_EQ(labels[0].item<int64_t>(), labels[2].item<int64_t>());
  for (int64_t i = 0; i < 6; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      if (i == 2 && j == 0) continue;
      EXPECT_NE(labels[i].item<int64_t>(), labels[j].item<int64_t>());
    }
  }
  EXPECT_TRUE(at::equal(sample_labels(batch, false), at::arange(6, at::kLong)));
}

TEST(MutualNeighbours, FindsTwinsInBothViewsOnly) {
  // Rows 0 and 3 are twins in both views, 1 and 2 in the first only.
  const Tensor z0 = at::zeros({5, 5}), z1 = at::zeros({5, 5});
  for (int64_t i = 0; i < 5; ++i) z0[i][i] = z1[i][i] = 1;
  z0[3].copy_(z0[0]), z1[3].copy_(z1[0]);
  z0[2].copy_(z0[1]);
  z1[1][4] = z1[4][1] = 0.5;
  const Tensor groups = mutual_neighbour_groups(z0, z1, 1);
  EXPECT_EQ(groups[0].item<int64_t>(), groups[3].item<int64_t>());
  EXPECT_GE(groups[0].item<int64_t>(), 0);
  for (const int64_t i : {1, 2, 4}) EXPECT_EQ(groups[i].item<int64_t>(), -1);
}

TEST(FalseNegatives, RemovedByLabelsChangeTheLossOfEveryMethodThatHasNegatives) {
  const Batch batch = noise_batch(16, 2, 5);
  const auto loss = [&](auto options, auto tag) {
    using M = typename decltype(tag)::type;
    const auto method = make<M>(options);
    return method->loss(batch, {}).template item<double>();
  };
  Simclr::Options a;
  const double all = loss(a, std::type_identity<Simclr>{});
  a.false_negatives.remove = "labels";
  EXPECT_LT(loss(a, std::type_identity<Simclr>{}), all);  // fewer terms in the denominator
}

TEST(Simclr, OptionsThatContradictEachOtherAreRefused) {
  Simclr::Options options;
  options.sogclr = 0.9;
  options.hardness = 1;
  EXPECT_THROW(Simclr(std::make_shared<ConvEncoder>(8), options), UserError);
}

}  // namespace
}  // namespace likewise
