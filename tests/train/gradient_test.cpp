#include "likewise/train/gradient.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "likewise/methods/simclr.hpp"
#include "likewise/nn/initialize.hpp"
#include "support/tiny_methods.hpp"

namespace likewise {
namespace {

using likewise::testing::LinearEncoder;

Batch batch_of(int64_t n) {
  Batch batch;
  for (uint64_t v = 0; v < 2; ++v) {
    Tensor x = at::empty({n, 1, 4, 4}, at::kFloat);
    Rng(9, {v}).fill_normal(x.data_ptr<float>(), x.numel());
    batch.views.push_back(x);
  }
  return batch;
}

std::shared_ptr<Simclr> simclr(bool batch_norm) {
  Simclr::Options options;
  options.head.batch_norm = batch_norm;
  options.learnable_temperature = true;
  auto method = std::make_shared<Simclr>(std::make_shared<LinearEncoder>(16, 8), options);
  initialize(*method, Rng(4));
  method->train();
  return method;
}

TEST(GradientCaching, GivesTheGradientOfTheWholeBatch) {
  const Batch batch = batch_of(37);
  const auto whole = simclr(false);
  const double expected_loss = accumulate_gradient(*whole, batch, whole->players()[0], 1, 0);
  for (int64_t chunk : {1, 5, 8, 36}) {
    const auto cached = simclr(false);
    const double loss = accumulate_gradient(*cached, batch, cached->players()[0], 1, chunk);
    EXPECT_NEAR(loss, expected_loss, 1e-5);
    const auto a = whole->players()[0].parameters, b = cached->players()[0].parameters;
    for (size_t i = 0; i < a.size(); ++i) {
      const double scale = a[i].second.grad().abs().max().item<double>();
      const double error = (a[i].second.grad() - b[i].second.grad()).abs().max().item<double>();
      EXPECT_LT(error, 1e-5 * std::max(scale, 1e-3)) << a[i].first << ", chunk " << chunk;
    }
  }
}

TEST(GradientCaching, RunningStatisticsAreUpdatedOnce) {
  const auto method = simclr(true);
  accumulate_gradient(*method, batch_of(32), method->players()[0], 1, 16);
  for (const auto& buffer : method->named_buffers()) {
    if (buffer.key().find("num_batches_tracked") == std::string::npos) continue;
    EXPECT_EQ(buffer.value().item<int64_t>(), 4);  // two views of two chunks
  }
}

TEST(Gradient, ScaleMultipliesTheGradientAndNotTheLoss) {
  const Batch batch = batch_of(16);
  const auto one = simclr(false), half = simclr(false);
  const double loss = accumulate_gradient(*one, batch, one->players()[0], 1, 0);
  EXPECT_DOUBLE_EQ(accumulate_gradient(*half, batch, half->players()[0], 0.5, 0), loss);
  const auto a = one->players()[0].parameters, b = half->players()[0].parameters;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_LT((a[i].second.grad() - 2 * b[i].second.grad()).abs().max().item<double>(), 1e-6);
  }
}

}  // namespace
}  // namespace likewise
