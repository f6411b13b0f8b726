#include "likewise/methods/method.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/methods/catalogue.hpp"
#include "likewise/methods/simclr.hpp"
#include "likewise/nn/initialize.hpp"
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
  auto method = entry.make_options()->make(std::make_shared<LinearEncoder>(16, 8));
  initialize(*method, Rng(seed));
  return method;
}

// Every method of the catalogue, whatever it is.
class Conformance : public ::testing::TestWithParam<size_t> {
 protected:
  const MethodEntry& entry() const { return methods()[GetParam()]; }
};

TEST_P(Conformance, TheLossIsAFiniteScalarWithAGradientForEveryPlayer) {
  const auto method = make(entry());
  method->train();
  const Batch batch = random_batch(16, 2, 3);
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

TEST_P(Conformance, TwentyStepsOnOneBatchLowerTheLoss) {
  const auto method = make(entry());
  method->train();
  const Batch batch = random_batch(16, 2, 3);
  const Player player = method->players().at(0);
  std::vector<ParameterInfo> parameters;
  for (const auto& [name, tensor] : player.parameters) parameters.push_back({name, tensor, true});
  OptimOptions options;
  options.weight_decay = 0;
  const auto optimizer = make_optimizer(options, parameters);
  const float before = method->loss(batch, player).item<float>();
  for (int step = 0; step < 20; ++step) {
    optimizer->zero_grad();
    method->loss(batch, player).backward();
    optimizer->step(0.01);
    method->after_step({step + 1, 20, (step + 1) / 20.0});
  }
  EXPECT_LT(method->loss(batch, player).item<float>(), before - 0.01F);
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
  const Tensor expected = nt_xent_plain(method.embed(batch.views[0]), method.embed(batch.views[1]),
                                        options.loss);
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
    for (int b = a + 1; b < 3; ++b) sum += nt_xent_plain(z[a], z[b], Simclr::Options{}.loss).item<double>();
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
