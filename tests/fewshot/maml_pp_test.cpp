// MAML++ against a loop in double that knows nothing of `adapt`: batch norms of every step, rates
// of every tensor and step, queries at every step.
#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <map>

#include "fewshot/fewshot_support.hpp"
#include "likewise/fewshot/maml.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/weights.hpp"

namespace likewise::fewshot {
namespace {

using testing::difference;
using testing::normal;
using testing::patterns;

constexpr int64_t kSteps = 2, kWidth = 3;

MamlOptions two_steps() {
  MamlPlusOptions options;
  options.inner.steps = kSteps;
  options.inner.rate = 0.1;
  options.net.width = kWidth;
  options.multi_step_part = 1;
  return options;
}

MethodInput small_input() {
  MethodInput input;
  input.size = 16;
  input.ways = 3;
  return input;
}

EpisodeBatch in_double(int64_t tasks) {
  static const ImageTable table = patterns(5, 6, 16);
  const EpisodeSampler sampler(table.items(), {3, 2, 2});
  EpisodeBatch batch = make_batch(table, sampler, 1, EpisodeUse::kTrain, 0, tasks);
  batch.images = batch.images.to(at::kDouble).contiguous();
  return batch;
}

// The paper's loop. Every value by name; running statistics as they come.
class Loop {
 public:
  explicit Loop(const Maml& method) {
    for (const auto& [name, tensor] : named_tensors(method)) {
      Tensor copy = tensor.detach().clone();
      if (copy.scalar_type() == at::kDouble && name.find("running") == std::string::npos)
        copy.set_requires_grad(true);
      at_[name] = copy;
    }
  }

  Tensor forward(Tensor y, const std::map<std::string, Tensor>& fast, int64_t step) {
    for (int64_t b = 0; b < 4; ++b) {
      const std::string block = "net.block" + std::to_string(b) + ".";
      const std::string norm = block + "bn" + std::to_string(step) + ".";
      y = at::conv2d(y, fast.at(block + "conv.weight"), {}, at::IntArrayRef({2, 2}),
                     at::IntArrayRef({1, 1}));
      const auto n = static_cast<double>(y.numel() / y.size(1));
      const Tensor mean = y.sum(at::IntArrayRef({0, 2, 3}), true) / n;
      const Tensor var = (y - mean).pow(2).sum(at::IntArrayRef({0, 2, 3}), true) / n;
      seen_[passes_].push_back({norm, mean.detach().flatten(), var.detach().flatten()});
      y = (y - mean) / (var + 1e-5).sqrt() * at_[norm + "weight"].reshape({1, -1, 1, 1}) +
          at_[norm + "bias"].reshape({1, -1, 1, 1});
      y = at::relu(y);
    }
    ++passes_;
    return at::linear(y.flatten(1), fast.at("net.head.weight"), fast.at("net.head.bias"));
  }

  static Tensor loss(const Tensor& logits, int64_t each) {
    Tensor sum = at::zeros_like(logits[0][0]);
    for (int64_t i = 0; i < logits.size(0); ++i)
      sum = sum + at::logsumexp(logits[i], at::IntArrayRef({0})) - logits[i][i / each];
    return sum / static_cast<double>(logits.size(0));
  }

  Tensor task(const EpisodeBatch& one, double part, bool second_order) {
    // The order in which the network lists them; those of batch norms do not adapt.
    const std::vector<std::pair<std::string, int64_t>> adapting = {
        {"net.block0.conv.weight", 0}, {"net.block1.conv.weight", 3}, {"net.block2.conv.weight", 6},
        {"net.block3.conv.weight", 9}, {"net.head.weight", 12},       {"net.head.bias", 13}};
    passes_ = 0;
    std::map<std::string, Tensor> fast;
    for (const auto& [name, position] : adapting) fast[name] = at_.at(name);
    std::vector<std::map<std::string, Tensor>> path;
    for (int64_t k = 0; k < kSteps; ++k) {
      const Tensor support = loss(forward(one.support(0), fast, k), 2);
      std::vector<Tensor> values;
      for (const auto& [name, position] : adapting) values.push_back(fast.at(name));
      const auto grads = torch::autograd::grad({support}, values, {}, true, second_order);
      for (size_t i = 0; i < adapting.size(); ++i) {
        const auto& [name, position] = adapting[i];
        const Tensor rate =
            at_.at("rates.rate" + std::to_string(k) + "_" + std::to_string(position));
        fast[name] = fast[name] - rate * grads[i];
      }
      path.push_back(fast);
    }
    Tensor sum;
    for (int64_t k = 0; k < kSteps; ++k) {
      const double equal = 1.0 / kSteps, others = equal * (1 - part);
      const double weight = k + 1 < kSteps ? others : 1 - others * (kSteps - 1);
      const Tensor term =
          weight * loss(forward(one.query(0), path[static_cast<size_t>(k)], k + 1), 2);
      sum = sum.defined() ? sum + term : term;
    }
    return sum;
  }

  // Tasks go side by side: each pass of all tasks before the next.
  void update_running() {
    for (const auto& [pass, blocks] : seen_) {
      for (const auto& [norm, mean, var] : blocks) {
        at_[norm + "running_mean"] = 0.9 * at_[norm + "running_mean"] + 0.1 * mean;
        at_[norm + "running_var"] = 0.9 * at_[norm + "running_var"] + 0.1 * var;
      }
    }
  }

  struct Seen {
    std::string norm;
    Tensor mean, var;
  };
  std::map<std::string, Tensor> at_;
  std::map<int64_t, std::vector<Seen>> seen_;  // by pass, task after task
  int64_t passes_ = 0;
};

TEST(MamlPlus, EqualsThePapersLoop) {
  for (const double fraction : {0.1, 0.4}) {  // first order, then second
    Maml method(small_input(), two_steps());
    initialize(method, Rng(1));
    method.to(at::kDouble);
    for (const auto& item : method.named_parameters()) {  // no set like another
      const at::NoGradGuard no_grad;
      if (item.key().find(".bn") != std::string::npos)
        item.value().add_(0.1 * normal({kWidth}, std::hash<std::string>()(item.key())));
    }
    Loop loop(method);
    const EpisodeBatch batch = in_double(2);
    const double got = method.accumulate(batch, fraction);
    const bool second = fraction >= two_steps().first_order_part;
    const Tensor first = loop.task(batch.only(0), fraction, second);
    const Tensor expected = (first + loop.task(batch.only(1), fraction, second)) / 2;
    expected.backward();
    loop.update_running();
    EXPECT_NEAR(got, expected.item<double>(), 1e-12);
    for (const auto& item : method.named_parameters()) {
      const Tensor grad = loop.at_.at(item.key()).grad();
      const Tensor own = item.value().grad();
      ASSERT_EQ(own.defined(), grad.defined()) << item.key();
      if (!grad.defined()) continue;
      EXPECT_LT(difference(own, grad), 1e-10) << item.key();
    }
    for (const auto& item : method.named_buffers()) {
      if (item.key().find("running") == std::string::npos) continue;
      EXPECT_LT(difference(item.value(), loop.at_.at(item.key())), 1e-12) << item.key();
    }
  }
}

TEST(MamlPlus, HasASetForEveryIterateAndNamesQueriesOneByOneByRunningStatistics) {
  Maml method(small_input(), two_steps());
  initialize(method, Rng(1));
  method.to(at::kDouble);
  size_t norms = 0;
  for (const auto& item : method.named_parameters()) {
    norms += item.key().find(".bn2.weight") != std::string::npos;
    EXPECT_EQ(item.key().find(".bn3."), std::string::npos);
  }
  EXPECT_EQ(norms, 4U);
  for (int64_t i = 0; i < 5; ++i) method.accumulate(in_double(4), 0.5);
  const EpisodeBatch batch = in_double(1);
  EpisodeBatch changed = batch;
  changed.images = batch.images.clone();
  changed.images[changed.images.size(0) - 1].add_(2);
  const auto others = [&](NormMode mode) {
    return difference(method.scores(batch, mode)[0].narrow(0, 0, 5),
                      method.scores(changed, mode)[0].narrow(0, 0, 5));
  };
  EXPECT_EQ(method.norm_modes().back(), NormMode::kInductive);
  EXPECT_LT(others(NormMode::kInductive), 1e-12);
  EXPECT_GT(others(NormMode::kTransductive), 1e-6);
  EXPECT_EQ(Maml(small_input(), MamlOptions{}).norm_modes().size(), 2U) << "shared: none are kept";
}

TEST(MamlPlus, MoreStepsInATestGoOnWithTheLastSet) {
  MamlOptions options = two_steps();
  options.test_steps = 4;
  Maml method(small_input(), options);
  initialize(method, Rng(1));
  method.to(at::kDouble);
  for (const NormMode mode : method.norm_modes()) {
    EXPECT_EQ(method.scores(in_double(1), mode).sizes(), (at::IntArrayRef{1, 6, 3}));
  }
}

}  // namespace
}  // namespace likewise::fewshot
