#include "likewise/methods/method.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "likewise/base/error.hpp"
#include "likewise/methods/catalogue.hpp"
#include "likewise/methods/simclr.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/optim/optimizer.hpp"
#include "support/tiny_methods.hpp"

namespace likewise {
namespace {

using likewise::testing::AlignmentOnly;
using likewise::testing::LinearEncoder;

Batch random_batch(int64_t n, int64_t views, uint64_t seed) {
  Batch batch;
  for (int64_t v = 0; v < views; ++v) {
    Tensor x = at::empty({n, 1, 4, 4}, at::kFloat);
    Rng(seed, {static_cast<uint64_t>(v)}).fill_normal(x.data_ptr<float>(), x.numel());
    batch.views.push_back(x);
  }
  return batch;
}

std::shared_ptr<Method> make(const MethodEntry& entry, uint64_t seed = 1) {
  auto method = entry.make_options()->make(std::make_shared<likewise::testing::ConvEncoder>(8));
  initialize(*method, Rng(seed));
  TrainContext context;
  context.samples = context.batch = 16;
  context.seed = seed;
  method->begin(context);
  method->begin_step({5, 20, 0.25});  // behind what stands still at the start
  return method;
}

// What a checkpoint holds below "model.": names that earlier checkpoints have.
TEST(Checkpoints, PartsOfTheMethodsKeepTheirNames) {
  const std::map<std::string, std::set<std::string>> parts = {
      {"moco", {"encoder", "head", "copy", "queue"}},
      {"moco_v3", {"encoder", "head", "predictor", "copy"}},
      {"nnclr", {"encoder", "head", "predictor", "queue"}},
      {"inst_disc", {"encoder", "head", "bank", "log_z"}},
      {"byol", {"encoder", "head", "predictor", "copy"}},
      {"simsiam", {"encoder", "head", "predictor"}},
      {"swav", {"encoder", "head", "prototypes"}},
      {"dino", {"encoder", "head", "teacher", "centre"}},
      {"protoclr", {"encoder"}},
      {"cpc", {"encoder", "context0", "context1", "predict1", "predict2", "predict3"}},
  };
  for (const MethodEntry& entry : methods()) {
    std::set<std::string> found;
    for (const auto& [name, tensor] : named_tensors(*make(entry))) {
      found.insert(name.substr(0, name.find('.')));
    }
    const auto known = parts.find(entry.name);
    const std::set<std::string> usual = {"encoder", "head"};
    EXPECT_EQ(found, known == parts.end() ? usual : known->second) << entry.name;
  }
}

// Every method of the catalogue, whatever it is.
class Conformance : public ::testing::TestWithParam<size_t> {
 protected:
  const MethodEntry& entry() const { return methods()[GetParam()]; }
  Batch batch(uint64_t seed) const {
    const SampleDemand demand = entry().make_options()->demand();
    return likewise::testing::noise_batch(16, demand.views + demand.plain_first, seed);
  }
};

TEST_P(Conformance, TheLossIsAFiniteScalarWithAGradientForEveryPlayer) {
  const auto method = make(entry());
  method->train();
  const Batch batch = this->batch(3);
  for (const Player& player : method->players()) {
    const Tensor loss = method->loss(batch, player);
    EXPECT_EQ(loss.dim(), 0);
    EXPECT_TRUE(std::isfinite(loss.item<float>()));
    loss.backward();
    bool any = false;
    for (const auto& [name, parameter] : player.parameters) {
      any = any || (parameter.grad().defined() && parameter.grad().abs().sum().item<float>() > 0);
    }
    EXPECT_TRUE(any) << player.name;
  }
}

TEST_P(Conformance, FortyStepsOnOneBatchLowerTheLoss) {
  const auto method = make(entry());
  method->train();
  const Batch batch = this->batch(3);
  const Player player = method->players().at(0);
  {
    // Away from where it began, lest a slow copy agree with it from the start.
    const at::NoGradGuard no_grad;
    Rng rng(17);
    for (const auto& [name, tensor] : player.parameters) {
      Tensor noise = at::empty_like(tensor);
      fill_normal(noise, 0.1, rng);
      tensor.detach().add_(noise);
    }
  }
  std::vector<ParameterInfo> parameters;
  for (const auto& [name, tensor] : player.parameters) parameters.push_back({name, tensor, true});
  OptimOptions options;
  options.weight_decay = 0;
  const auto optimizer = make_optimizer(options, parameters);
  const float before = method->loss(batch, player).item<float>();
  for (int step = 0; step < 40; ++step) {
    optimizer->zero_grad();
    method->loss(batch, player).backward();
    method->after_backward();
    optimizer->step(0.003);
  }
  // Queues, banks and targets stood still: the loss is a function of the weights alone.
  EXPECT_LT(method->loss(batch, player).item<float>(), before - 0.01F * std::abs(before));
}

TEST_P(Conformance, WhatPersistsBetweenStepsIsInTheCheckpoint) {
  // A second method takes over all tensors of the first in the middle of a run, and both go on
  // alike.
  const auto run = [&](Method& method, int64_t from, int64_t to) {
    method.train();
    const Player player = method.players().at(0);
    std::vector<ParameterInfo> parameters;
    for (const auto& [name, tensor] : player.parameters) parameters.push_back({name, tensor, true});
    OptimOptions options;
    options.name = "sgd";
    options.momentum = 0;
    const auto optimizer = make_optimizer(options, parameters);
    double loss = 0;
    for (int64_t step = from; step < to; ++step) {
      method.begin_step({step, 8, static_cast<double>(step) / 8});
      optimizer->zero_grad();
      const Tensor value = method.loss(this->batch(100 + static_cast<uint64_t>(step)), player);
      value.backward();
      method.after_backward();
      optimizer->step(0.05);
      method.after_turn();
      method.after_step({step + 1, 8, static_cast<double>(step + 1) / 8});
      loss = value.item<double>();
    }
    return loss;
  };
  const auto whole = make(entry()), first = make(entry());
  run(*whole, 0, 8);
  run(*first, 0, 4);
  const auto resumed = make(entry());
  load_tensors(*resumed, named_tensors(*first));
  run(*resumed, 4, 8);
  const auto want = named_tensors(*whole), got = named_tensors(*resumed);
  ASSERT_EQ(want.size(), got.size());
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_TRUE(at::equal(want[i].second.nan_to_num(), got[i].second.nan_to_num()))
        << want[i].first;
  }
}

TEST_P(Conformance, GradientCachingGivesTheGradientOfTheWholeBatch) {
  const auto method = make(entry());
  if (!method->loss_is_of_embeddings()) GTEST_SKIP() << "its loss is no function of embeddings";
  // In evaluation mode batch norms see no batch, so that chunks change nothing.
  method->eval();
  const Batch batch = this->batch(3);
  const auto gradients = [&](int64_t parts) {
    for (auto& parameter : method->parameters()) parameter.mutable_grad() = Tensor();
    if (parts == 1) {
      method->loss(batch, method->players().at(0)).backward();
    } else {
      std::vector<Tensor> z;
      for (size_t v = 0; v < batch.views.size(); ++v) {
        if (!method->embeds(v)) {
          z.emplace_back();
          continue;
        }
        std::vector<Tensor> pieces;
        for (const Tensor& piece : batch.views[v].chunk(parts))
          pieces.push_back(method->embed(piece).detach());
        z.push_back(at::cat(pieces).set_requires_grad(true));
      }
      method->loss_of(z, batch).backward();
      for (size_t v = 0; v < batch.views.size(); ++v) {
        if (!method->embeds(v) || !z[v].grad().defined()) continue;
        const auto inputs = batch.views[v].chunk(parts), grads = z[v].grad().chunk(parts);
        for (size_t i = 0; i < inputs.size(); ++i) method->embed(inputs[i]).backward(grads[i]);
      }
    }
    std::vector<Tensor> out;
    const Player learner = method->players().at(0);
    for (const auto& [name, parameter] : learner.parameters) {
      out.push_back(parameter.grad().defined() ? parameter.grad().clone() : Tensor());
    }
    return out;
  };
  const auto whole = gradients(1), cached = gradients(4);
  double difference = 0, length = 0;  // of all gradients as one vector
  for (size_t i = 0; i < whole.size(); ++i) {
    ASSERT_EQ(whole[i].defined(), cached[i].defined());
    if (!whole[i].defined()) continue;
    difference += (whole[i] - cached[i]).pow(2).sum().item<double>();
    length += whole[i].pow(2).sum().item<double>();
  }
  EXPECT_GT(length, 0);
  EXPECT_LT(std::sqrt(difference / length), 1e-5);
}

TEST_P(Conformance, OptionsAreDescribedOnceAndTheNameIsUnique) {
  Fields fields;
  entry().make_options()->describe(fields);
  for (const auto& field : fields.all()) EXPECT_FALSE(field.help.empty()) << field.key;
  int count = 0;
  for (const auto& other : methods()) count += std::string(other.name) == entry().name;
  EXPECT_EQ(count, 1);
  EXPECT_EQ(&find_method(entry().name), &entry());
}

INSTANTIATE_TEST_SUITE_P(All, Conformance, ::testing::Range(size_t{0}, methods().size()),
                         [](const auto& test) { return std::string(methods()[test.param].name); });

TEST(Catalogue, AnUnknownMethodNamesTheNearest) {
  try {
    find_method("simlcr");
    FAIL() << "an unknown method was found";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "unknown method 'simlcr', did you mean 'simclr'?");
  }
}

TEST(Simclr, ItsLossIsNtXentOfTheProjections) {
  Simclr::Options options;
  options.loss.temperature = 0.2;
  Simclr method(std::make_shared<LinearEncoder>(16, 8), options);
  initialize(method, Rng(5));
  method.eval();  // running statistics: views may pass one by one
  const Batch batch = random_batch(8, 2, 6);
  const Tensor expected =
      nt_xent_plain(method.embed(batch.views[0]), method.embed(batch.views[1]), options.loss);
  const Tensor loss = method.loss(batch, method.players()[0]);
  EXPECT_NEAR(loss.item<float>(), expected.item<float>(), 1e-5);
}

TEST(Simclr, WithThreeViewsItIsTheMeanOverPairs) {
  Simclr method(std::make_shared<LinearEncoder>(16, 8), {});
  initialize(method, Rng(5));
  method.eval();
  const Batch batch = random_batch(8, 3, 6);
  std::vector<Tensor> z;
  for (const auto& view : batch.views) z.push_back(method.embed(view));
  double sum = 0;
  for (int a = 0; a < 3; ++a) {
    for (int b = a + 1; b < 3; ++b)
      sum += nt_xent_plain(z[a], z[b], Simclr::Options{}.loss).item<double>();
  }
  EXPECT_NEAR(method.loss(batch, method.players()[0]).item<double>(), sum / 3, 1e-5);
}

TEST(Simclr, ALearnableTemperatureStartsAtTheGivenOneAndGetsAGradient) {
  Simclr::Options options;
  options.loss.temperature = 0.1;
  options.learnable_temperature = true;
  Simclr method(std::make_shared<LinearEncoder>(16, 8), options);
  initialize(method, Rng(5));
  const Player player = method.players().at(0);
  for (const auto& [name, parameter] : player.parameters) {
    if (name != "log_inverse_temperature") continue;
    EXPECT_NEAR(parameter.item<float>(), std::log(10.0), 1e-6);
    method.loss(random_batch(8, 2, 6), player).backward();
    EXPECT_NE(parameter.grad().item<float>(), 0.0F);
    return;
  }
  FAIL() << "there is no learnable temperature";
}

TEST(Method, ViewsOfDifferentSizesPassSeparately) {
  AlignmentOnly method(std::make_shared<LinearEncoder>(16, 8), {});
  initialize(method, Rng(5));
  Batch batch = random_batch(8, 2, 6);
  const float together = method.loss(batch, method.players()[0]).item<float>();
  batch.views[1] = batch.views[1].reshape({8, 1, 2, 8});  // another size, the same pixels
  EXPECT_NEAR(method.loss(batch, method.players()[0]).item<float>(), together, 1e-5);
}

}  // namespace
}  // namespace likewise
