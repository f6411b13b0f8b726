// How networks start, and what layers refuse.

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "likewise/base/error.hpp"
#include "likewise/nn/catalogue.hpp"
#include "likewise/nn/heads.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/resnet.hpp"
#include "likewise/nn/vit.hpp"
#include "likewise/nn/weights.hpp"

namespace likewise {
namespace {

double deviation(const Tensor& x) { return x.detach().to(at::kDouble).std(false).item<double>(); }

TEST(Initialize, IsTheSameForAnyNumberOfThreadsAndMemoryFormat) {
  const int threads = at::get_num_threads();
  std::vector<NamedTensors> states;
  for (const int count : {1, 2}) {
    at::set_num_threads(count);
    ResNet network({.width = 8});
    if (count == 2) {
      for (Tensor& p : network.parameters()) {
        if (p.dim() == 4) p.set_data(p.detach().contiguous(at::MemoryFormat::ChannelsLast));
      }
    }
    initialize(network, Rng(3));
    states.push_back(named_tensors(network));
  }
  at::set_num_threads(threads);
  for (size_t i = 0; i < states[0].size(); ++i) {
    EXPECT_TRUE(states[0][i].second.equal(states[1][i].second)) << states[0][i].first;
  }
}

TEST(Initialize, DependsOnTheSeedAndOnNamesOnly) {
  ResNet a({.blocks = {1, 1, 1, 1}, .width = 8}), b({.blocks = {2, 1, 1, 1}, .width = 8});
  initialize(a, Rng(3));
  initialize(b, Rng(3));
  const auto find = [](const torch::nn::Module& module, const std::string& name) {
    return *module.named_parameters().find(name);
  };
  // One block more in the first stage leaves the fourth as it was.
  EXPECT_TRUE(find(a, "layer4.0.conv1.weight").equal(find(b, "layer4.0.conv1.weight")));
  EXPECT_FALSE(find(b, "layer1.0.conv1.weight").equal(find(b, "layer1.0.conv2.weight")));
  initialize(b, Rng(4));
  EXPECT_FALSE(find(a, "layer4.0.conv1.weight").equal(find(b, "layer4.0.conv1.weight")));
}

TEST(Initialize, RestartsATrainedNetwork) {
  ResNet network({.blocks = {1, 1, 1, 1}, .width = 4, .imagenet_stem = false});
  initialize(network, Rng(3));
  NamedTensors before;
  for (const auto& [name, tensor] : named_tensors(network))
    before.emplace_back(name, tensor.clone());
  network.forward(at::arange(2 * 3 * 8 * 8, at::kFloat).sin().view({2, 3, 8, 8}));
  initialize(network, Rng(3));
  const NamedTensors after = named_tensors(network);
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(before[i].second.equal(after[i].second)) << before[i].first;
  }
}

TEST(Initialize, ConvolutionsHaveTheFanOutDeviation) {
  Conv2d conv(64, 128, {.kernel = 3});
  initialize(conv, Rng(1));
  EXPECT_NEAR(deviation(conv.weight), std::sqrt(2.0 / (128 * 9)), 0.0006);
}

TEST(Initialize, LinearLayersAreUniformByFanIn) {
  Linear linear(256, 300);
  initialize(linear, Rng(1));
  EXPECT_LE(linear.weight.abs().max().item<double>(), 1.0 / 16);
  EXPECT_NEAR(deviation(linear.weight), 1.0 / 16 / std::sqrt(3), 0.0005);
  EXPECT_GT(linear.bias.abs().max().item<double>(), 0);
}

TEST(Initialize, TransformersAreTruncatedNormal) {
  VisionTransformer network({.image_size = 32, .patch = 4, .width = 64, .depth = 1, .heads = 1});
  initialize(network, Rng(1));
  const auto parameters = network.named_parameters();
  // Cutting a normal at two deviations leaves 0.8796 of its deviation.
  for (const char* name : {"pos_embed", "blocks.0.attn.qkv.weight", "blocks.0.mlp.fc1.weight"}) {
    EXPECT_NEAR(deviation(*parameters.find(name)), 0.02 * 0.8796, 0.0006) << name;
    EXPECT_LE(parameters.find(name)->abs().max().item<double>(), 0.04 + 1e-8) << name;
  }
  EXPECT_EQ(parameters.find("blocks.0.attn.qkv.bias")->abs().max().item<double>(), 0);
  EXPECT_GT(parameters.find("cls_token")->abs().max().item<double>(), 0);
}

TEST(Initialize, OtherModulesGoByNameAndShape) {
  torch::nn::Module module;
  const Tensor weight = module.register_parameter("weight", at::zeros({200, 64}));
  const Tensor bias = module.register_parameter("bias", at::ones({200}));
  const Tensor token = module.register_parameter("token", at::zeros({1, 500}));
  const Tensor scale = module.register_parameter("scale", at::zeros({}));
  initialize(module, Rng(1));
  EXPECT_NEAR(deviation(weight), 1.0 / 8 / std::sqrt(3), 0.002);
  EXPECT_LE(bias.abs().max().item<double>(), 1.0 / 8);
  EXPECT_NEAR(deviation(token), 0.0176, 0.002);
  EXPECT_EQ(scale.item<double>(), 0);
}

TEST(Initialize, BlocksStartAsIdentitiesOnRequest) {
  BasicBlock block(4, 4, 1, /*zero_init=*/true);
  initialize(block, Rng(1));
  const Tensor x = at::arange(2 * 4 * 5 * 5, at::kFloat).view({2, 4, 5, 5});
  EXPECT_TRUE(block.forward(x).equal(x));
}

TEST(Layers, BatchNormRefusesOneValueAChannelInTraining) {
  BatchNorm norm(4);
  EXPECT_THROW(norm.forward(at::ones({1, 4})), UserError);
  EXPECT_NO_THROW(norm.forward(at::ones({2, 4})));
  norm.eval();
  EXPECT_NO_THROW(norm.forward(at::ones({1, 4})));
}

TEST(Heads, ZeroLayersPassTheFeatures) {
  Head head(5, {.layers = 0});
  const Tensor x = at::ones({2, 5});
  EXPECT_TRUE(head.forward(x).equal(x));
  EXPECT_EQ(head.out_dim(), 5);
  EXPECT_EQ(Head(5, {.out = 7}).out_dim(), 7);
}

TEST(Heads, HiddenWidthDefaultsToTheFeaturesAtLeast256) {
  const auto hidden = [](int64_t features) {
    return Head(features, {.out = 7}).named_parameters().find("layers.0.weight")->size(0);
  };
  EXPECT_EQ(hidden(5), 256);
  EXPECT_EQ(hidden(300), 300);
}

}  // namespace
}  // namespace likewise
