// Encoders of series, waves and vectors.
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/roll.h>
#include <gtest/gtest.h>

#include "likewise/base/error.hpp"
#include "likewise/nn/catalogue.hpp"
#include "likewise/nn/count.hpp"
#include "likewise/nn/weights.hpp"

namespace likewise::over_time_tests {
namespace {

Tensor noise(std::vector<int64_t> shape, uint64_t seed) {
  Tensor x = at::empty(shape, at::kFloat);
  Rng rng(seed);
  rng.fill_normal(x.data_ptr<float>(), x.numel());
  return x;
}

TEST(OverTime, TheEncoderFollowsFromTheInput) {
  const EncoderOptions open;
  EXPECT_EQ(resolve(open, InputShape{6, {256}}).name, "resnet1d");
  EXPECT_EQ(resolve(open, InputShape{30, {}}).name, "mlp");
  EXPECT_EQ(resolve(open, InputShape{1, {64, 64}}).name, "small");
  EXPECT_EQ(resolve({.name = "transformer1d"}, InputShape{6, {256}}).patch, 8);
  EXPECT_THROW(resolve({.name = "resnet18"}, InputShape{6, {256}}), UserError);
  EXPECT_THROW(resolve({.name = "transformer1d"}, InputShape{6, {32, 32}}), UserError);
  EXPECT_THROW(resolve({.name = "resnet1d", .patch = 4}, InputShape{6, {32}}), UserError);
  EXPECT_THROW(resolve({.name = "transformer1d", .pool = "token"}, InputShape{6, {32}}), UserError);
}

TEST(OverTime, ResNet1dHasTheParametersOfItsLayers) {
  // Stem 6*32*5 + 64; blocks 32-32, 32-64, 64-128, 128-128 with kernels of 5 and point shortcuts;
  // the last keeps its width but halves the length, so it has a shortcut, too.
  const auto block = [](int64_t in, int64_t out, bool shortcut) {
    return 5 * in * out + 5 * out * out + 4 * out + (shortcut ? in * out + 2 * out : 0);
  };
  const int64_t expected = 6 * 32 * 5 + 64 + block(32, 32, false) + block(32, 64, true) +
                           block(64, 128, true) + block(128, 128, true);
  EXPECT_EQ(parameter_count(*make_encoder({.name = "resnet1d"}, InputShape{6, {256}}, Rng(0))),
            expected);
}

TEST(OverTime, ACopyMadeByTwinComputesTheSame) {
  for (const auto& [name, shape] : {std::pair<std::string, InputShape>{"resnet1d", {3, {100}}},
                                    {"transformer1d", {3, {100}}},
                                    {"mlp", {20, {}}}}) {
    SCOPED_TRACE(name);
    auto encoder = make_encoder({.name = name, .width = 64, .blocks = 2}, shape, Rng(1));
    auto copy = encoder->twin();
    load_tensors(*copy, named_tensors(*encoder));
    encoder->eval(), copy->eval();
    const Tensor x = noise(shape.batch(4), 2);
    EXPECT_TRUE(at::allclose(encoder->forward(x), copy->forward(x)));
    EXPECT_GT(multiply_adds(*encoder, shape), 1000);
  }
}

TEST(OverTime, WavesAreTakenInSteps) {
  auto encoder = make_encoder({.name = "resnet1d", .width = 8}, InputShape{1, {16000}}, Rng(1));
  encoder->eval();
  EXPECT_EQ(encoder->forward(noise({2, 1, 16000}, 1)).sizes(), (std::vector<int64_t>{2, 32}));
  // Features are averages over time: a turn of a wave by whole steps hardly changes them.
  const Tensor x = noise({1, 1, 16000}, 3);
  const Tensor a = encoder->forward(x), b = encoder->forward(at::roll(x, 4096, 2));
  EXPECT_LT(((a - b).norm() / a.norm()).item<double>(), 0.1);
}

TEST(OverTime, OtherShapesAreRefused) {
  auto transformer = make_encoder({.name = "transformer1d"}, InputShape{2, {64}}, Rng(0));
  EXPECT_THROW(transformer->forward(noise({1, 2, 63}, 0)), UserError);
  auto network = make_encoder({.name = "resnet1d"}, InputShape{2, {64}}, Rng(0));
  EXPECT_THROW(network->forward(noise({1, 2, 8, 8}, 0)), UserError);
  EXPECT_EQ(network->forward(noise({2, 2, 30}, 0)).size(0), 2) << "any length";
}

}  // namespace
}  // namespace likewise::over_time_tests
