#include "train/view_player.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/methods/inst_disc.hpp"
#include "likewise/methods/moco.hpp"
#include "likewise/methods/simclr.hpp"
#include "likewise/nn/initialize.hpp"
#include "support/tiny_methods.hpp"

namespace likewise {
namespace {

using detail::ViewPlayer;
using likewise::testing::ConvEncoder;
using likewise::testing::noise_batch;

ViewmakerSpec small_spec() {
  ViewmakerSpec spec;
  spec.features = 1;
  spec.shape = {.width = 4, .blocks = 1};
  spec.budget = 0.3;
  return spec;
}

PretrainOptions small_options() {
  PretrainOptions options;
  options.viewmaker.use = "alone";
  options.viewmaker.optim.name = "sgd";
  options.viewmaker.optim.momentum = 0;
  options.viewmaker.optim.lr = 1e-3;
  options.batch = 16;
  return options;
}

std::shared_ptr<Method> started(std::shared_ptr<Method> method) {
  initialize(*method, Rng(1));
  TrainContext context;
  context.samples = context.batch = 16;
  method->begin(context);
  method->train();
  return method;
}

std::vector<Tensor> copies(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> out;
  for (const Tensor& tensor : tensors) out.push_back(tensor.detach().clone());
  return out;
}

bool all_equal(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (!at::equal(a[i], b[i])) return false;
  }
  return a.size() == b.size();
}

// Every method of the catalogue as a host.
class Host : public ::testing::TestWithParam<size_t> {};

TEST_P(Host, TheViewmakersTurnMovesItAndNeitherWeightsNorGradientsOfTheMethod) {
  const MethodEntry& entry = methods()[GetParam()];
  const auto own = entry.make_options();
  const SampleDemand demand = own->demand();
  const auto method = started(own->make(std::make_shared<ConvEncoder>(8)));
  ViewPlayer player(small_options(), small_spec(), demand.plain_first);
  const Batch batch = noise_batch(16, demand.views + demand.plain_first, 3);
  const TrainProgress progress{5, 20, 0.25};
  method->begin_step(progress);
  const Batch seen = player.for_method(batch, progress, 0);
  const Tensor loss = method->loss(seen, method->players().at(0));
  EXPECT_TRUE(std::isfinite(loss.item<float>()));
  loss.backward();
  method->after_turn();
  const auto weights = copies(method->parameters());
  const auto viewmaker = copies(player.views().network()->parameters());
  std::vector<Tensor> gradients;
  for (const Tensor& p : method->parameters())
    gradients.push_back(p.grad().defined() ? p.grad().clone() : p.detach());
  player.turn(*method, {batch}, progress);
  EXPECT_TRUE(all_equal(weights, method->parameters()));
  EXPECT_FALSE(all_equal(viewmaker, player.views().network()->parameters()));
  size_t i = 0;
  for (const Tensor& p : method->parameters()) {
    EXPECT_TRUE(at::equal(gradients[i], p.grad().defined() ? p.grad() : p.detach()));
    ++i;
  }
  const auto players = method->players();  // a temporary would end before the loop does
  for (const auto& item : players.at(0).parameters) {
    EXPECT_TRUE(item.second.requires_grad()) << item.first;  // as it was before
  }
  nlohmann::json record;
  player.report(record, progress);
  EXPECT_NEAR(record["view_size"].get<double>(), 0.3, 0.01);
  EXPECT_GT(record["viewmaker_grad_norm"].get<double>(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, Host, ::testing::Range(size_t{0}, methods().size()),
                         [](const auto& test) { return std::string(methods()[test.param].name); });

Simclr::Options without_norms() {
  Simclr::Options options;
  options.head.batch_norm = false;
  return options;
}

TEST(ViewPlayer, RaisesTheLossOfTheMethod) {
  const auto method =
      started(std::make_shared<Simclr>(std::make_shared<ConvEncoder>(8), without_norms()));
  PretrainOptions options = small_options();
  options.viewmaker.optim.lr = 0.003;
  ViewPlayer player(options, small_spec(), false);
  const Batch batch = noise_batch(16, 2, 3);
  const auto loss = [&] {  // with the noise of step 1's second turn
    const at::NoGradGuard no_grad;
    return method->loss(player.views().views(batch, viewmaker_noise(0, 1, 1, 0), 1, false), {})
        .item<double>();
  };
  double before = loss();
  for (int k = 0; k < 5; ++k) {
    player.turn(*method, {batch}, {1, 10, 0.1});
    const double now = loss();
    EXPECT_GT(now, before) << k;
    before = now;
  }
}

TEST(ViewPlayer, CachedGradientsAreThoseOfTheWholeBatch) {
  const auto method =
      started(std::make_shared<Simclr>(std::make_shared<ConvEncoder>(8), without_norms()));
  const Batch batch = noise_batch(16, 2, 3);
  const auto stepped = [&](int64_t chunk) {
    PretrainOptions options = small_options();
    options.chunk = chunk;
    options.viewmaker.optim.lr = 1;
    ViewPlayer player(options, small_spec(), false);
    const auto before = copies(player.views().network()->parameters());
    player.turn(*method, {batch}, {1, 10, 0.1});
    std::vector<Tensor> moved;
    const auto after = player.views().network()->parameters();
    for (size_t i = 0; i < after.size(); ++i) moved.push_back(after[i].detach() - before[i]);
    return moved;
  };
  const auto whole = stepped(0), cached = stepped(5);
  double difference = 0, length = 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    difference += (whole[i] - cached[i]).square().sum().item<double>();
    length += whole[i].square().sum().item<double>();
  }
  EXPECT_GT(length, 0);
  EXPECT_LT(std::sqrt(difference / length), 1e-4);
}

TEST(ViewPlayer, SeveralBatchesAreAveraged) {
  const auto method =
      started(std::make_shared<Simclr>(std::make_shared<ConvEncoder>(8), without_norms()));
  const Batch a = noise_batch(16, 2, 3), b = noise_batch(16, 2, 4);
  ViewPlayer player(small_options(), small_spec(), false);
  player.turn(*method, {a, b}, {1, 10, 0.1});
  nlohmann::json record;
  player.report(record, {2, 10, 0.2});
  const ViewPlayer fresh(small_options(), small_spec(), false);
  const at::NoGradGuard no_grad;
  double mean = 0;
  int64_t number = 0;
  for (const Batch& batch : {a, b}) {
    const Batch made = fresh.views().views(batch, viewmaker_noise(0, 1, 1, number++), 1, false);
    mean += method->loss(made, {}).item<double>() / 2;
  }
  EXPECT_NEAR(record["viewmaker_loss"].get<double>(), mean, 1e-5);
}

TEST(ViewPlayer, AQueueKeepsNoKeysOfItsTurnAndABankDoes) {
  const Batch batch = noise_batch(16, 2, 3);
  const TrainProgress progress{1, 10, 0.1};
  {
    Moco::Options moco;
    moco.queue = 32;
    const auto method = started(std::make_shared<Moco>(std::make_shared<ConvEncoder>(8), moco));
    ViewPlayer player(small_options(), small_spec(), false);
    player.turn(*method, {batch}, progress);
    const auto before = copies(method->buffers());
    method->after_turn();
    EXPECT_TRUE(all_equal(before, method->buffers()));
    method->after_step(progress);  // would push what was recorded
    for (size_t i = 0; i < before.size(); ++i) {
      EXPECT_TRUE(at::equal(before[i], method->buffers()[i])) << i;
    }
  }
  auto method = std::make_shared<InstDisc>(std::make_shared<ConvEncoder>(8), InstDisc::Options{});
  started(method);
  ViewPlayer player(small_options(), small_spec(), false);
  const Tensor before = method->bank().clone();
  player.turn(*method, {batch}, progress);
  EXPECT_FALSE(at::equal(before, method->bank()));
  EXPECT_NEAR(method->bank().square().sum(1).max().item<double>(), 1, 1e-5);
}

}  // namespace
}  // namespace likewise
