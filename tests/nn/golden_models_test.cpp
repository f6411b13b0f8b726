// Encoders and heads against torchvision, timm and lightly: evaluation and training forward, all
// gradient norms, some whole gradients, batch-norm buffers after the step.

#include <ATen/ops/stack.h>
#include <gtest/gtest.h>

#include <functional>

#include "likewise/nn/heads.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/resnet.hpp"
#include "likewise/nn/vit.hpp"
#include "likewise/nn/weights.hpp"
#include "support/golden.hpp"

namespace likewise {
namespace {

using Forward = std::function<NamedTensors(const Tensor&)>;

const Golden& models() {
  static const Golden golden("models");
  return golden;
}

Tensor golden_tensor(const std::string& key) { return read_tensor(models().file(), key); }

NamedTensors golden_state(const std::string& name) {
  NamedTensors state;
  const std::string prefix = name + "/state/";
  for (const std::string& key : models().file().names()) {
    if (key.compare(0, prefix.size(), prefix) == 0) {
      state.emplace_back(key.substr(prefix.size()), golden_tensor(key));
    }
  }
  return state;
}

void expect_close(const Tensor& got, const std::string& key, double relative_to_max) {
  const Tensor expected = golden_tensor(key);
  ASSERT_EQ(got.sizes(), expected.sizes()) << key;
  const Tensor wide = expected.to(at::kDouble);
  const double bound = relative_to_max * std::max(1e-30, wide.abs().max().item<double>());
  const double error = (got.detach().to(at::kDouble) - wide).abs().max().item<double>();
  EXPECT_LE(error, bound) << key << ": largest difference " << error << ", allowed " << bound;
}

// `module` holds every parameter of the case, in the order of the package.
void check_case(const std::string& name, torch::nn::Module& module, const std::string& input,
                const Forward& forward, double tolerance) {
  Tensor x = channels_last(golden_tensor(name + "/" + input));
  load_tensors(module, golden_state(name));
  module.eval();
  for (const auto& [output, value] : forward(x)) {
    expect_close(value, name + "/eval/" + output, tolerance);
  }
  module.train();
  Tensor probed;
  for (const auto& [output, value] : forward(x)) {
    expect_close(value, name + "/train/" + output, tolerance);
    const Tensor product = (value * golden_tensor(name + "/probe/" + output)).sum();
    probed = probed.defined() ? probed + product : product;
  }
  probed.backward();
  std::vector<Tensor> norms;
  size_t whole = 0;
  for (const auto& item : module.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    norms.push_back(item.value().grad().norm());
    const std::string key = name + "/train/grad/" + item.key();
    if (models().file().contains(key)) {
      expect_close(item.value().grad(), key, tolerance);
      ++whole;
    }
  }
  EXPECT_GE(whole, 1U);
  expect_close(at::stack(norms), name + "/train/grad_norms", tolerance);
  for (const auto& item : module.named_buffers()) {
    expect_close(item.value(), name + "/train/after/" + item.key(), tolerance);
  }
}

// An encoder whose parameters keep their names, and the package's classifier behind it.
template <class Network>
struct Classified : Network {
  template <class Options>
  Classified(const Options& options, const std::string& name) : Network(options) {
    classifier = this->register_module(name, std::make_shared<Linear>(this->feature_dim(), 10));
  }
  std::shared_ptr<Linear> classifier;
};

void check_resnet(const std::string& name, const ResNetOptions& options, double tolerance) {
  for (const bool lay_out : {false, true}) {
    Classified<ResNet> network(options, "fc");
    if (lay_out) to_channels_last(network);
    check_case(
        name, network, "image",
        [&](const Tensor& x) {
          const auto stages = network.stages(x);
          const Tensor features = stages.back().mean(at::IntArrayRef{2, 3});
          EXPECT_TRUE(network.is_training() || features.equal(network.forward(x)));
          return NamedTensors{{"features", features},
                              {"logits", network.classifier->forward(features)},
                              {"layer2", stages[1]}};
        },
        tolerance);
  }
}

TEST(GoldenModels, ResNet18AgreesWithTorchvision) { check_resnet("resnet_18", {.width = 6}, 1e-4); }

TEST(GoldenModels, ResNet18WithTheCifarStemAgreesWithTorchvision) {
  check_resnet("resnet_18_cifar", {.width = 4, .imagenet_stem = false}, 5e-5);
}

TEST(GoldenModels, BottlenecksAgreeWithTorchvision) {
  check_resnet("resnet_bottleneck", {.blocks = {1, 1, 1, 1}, .bottleneck = true, .width = 4}, 1e-4);
}

void check_vit(const std::string& name, bool average_pool, double tolerance) {
  Classified<VisionTransformer> network(VitOptions{.image_size = 32,
                                                   .patch = 8,
                                                   .width = 48,
                                                   .depth = 2,
                                                   .heads = 3,
                                                   .average_pool = average_pool},
                                        "head");
  check_case(
      name, network, "image",
      [&](const Tensor& x) {
        const Tensor tokens = network.tokens(x), features = network.pool(tokens);
        EXPECT_TRUE(features.equal(network.forward(x)));
        return NamedTensors{{"tokens", tokens},
                            {"features", features},
                            {"logits", network.classifier->forward(features)}};
      },
      tolerance);
}

TEST(GoldenModels, VisionTransformerWithClassTokenAgreesWithTimm) {
  check_vit("vit_token", false, 5e-5);
}

TEST(GoldenModels, VisionTransformerWithAveragePoolAgreesWithTimm) {
  check_vit("vit_avg", true, 2e-5);
}

TEST(GoldenModels, PositionsAreResampledForLargerImagesAsByTimm) {
  check_vit("vit_larger_image", false, 2e-5);
}

struct HeadCase {
  const char* name;
  int64_t in;
  HeadOptions options;
};

TEST(GoldenModels, HeadsAgreeWithLightly) {
  const HeadCase cases[] = {
      {"simclr", 24, {.hidden = 32, .out = 16, .last_batch_norm = true}},
      {"simclr_v2", 24, {.layers = 3, .hidden = 32, .out = 16, .last_batch_norm = true}},
      {"byol_projection", 24, {.hidden = 32, .out = 16}},
      {"byol_prediction", 16, {.hidden = 32, .out = 16}},
      {"moco", 24, {.hidden = 32, .out = 16, .batch_norm = false}},
      {"moco_v3", 24, {.layers = 3, .hidden = 32, .out = 16, .last_batch_norm = true}},
      {"simsiam_projection",
       24,
       {.layers = 3, .hidden = 32, .out = 16, .last_batch_norm = true, .last_affine = false}},
      {"simsiam_prediction", 16, {.hidden = 8, .out = 16}},
      {"barlow_twins", 24, {.layers = 3, .hidden = 32, .out = 32}},
      {"swav", 24, {.hidden = 32, .out = 16}},
  };
  for (const HeadCase& c : cases) {
    Head head(c.in, c.options);
    check_case(
        std::string("head_") + c.name, head, "x",
        [&](const Tensor& x) {
          return NamedTensors{{"out", head.forward(x)}};
        },
        2e-5);
  }
}

TEST(GoldenModels, DinoHeadsAgreeWithLightly) {
  for (const bool batch_norm : {false, true}) {
    DinoHead head(24, {.hidden = 32,
                       .bottleneck = 16,
                       .out = 40,
                       .batch_norm = batch_norm,
                       .norm_last_layer = !batch_norm});
    check_case(
        batch_norm ? "head_dino_bn" : "head_dino", head, "x",
        [&](const Tensor& x) {
          return NamedTensors{{"out", head.forward(x)}};
        },
        1e-5);
  }
}

}  // namespace
}  // namespace likewise
