// Networks as ONNX and TorchScript compute what the encoder computes; names are those of the
// libraries; PyTorch's own reader takes our files of tensors.
#include "likewise/io/network.hpp"

#include <gtest/gtest.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <nlohmann/json.hpp>
#include <set>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/formats/torch_writer.hpp"
#include "likewise/io/encoder_graph.hpp"
#include "likewise/io/foreign.hpp"
#include "likewise/nn/catalogue.hpp"
#include "support/hostile.hpp"
#include "support/onnx_run.hpp"

namespace likewise {
namespace {

struct Made {
  std::shared_ptr<Encoder> encoder;
  Network network;
};

// A small one of its kind, with statistics and position embeddings that are not the initial ones.
Made make(EncoderOptions options, const InputShape& shape, bool with_head) {
  const int64_t channels = shape.channels;
  const EncoderEntry& entry = find_encoder(options.name);
  if (options.width == 0) options.width = entry.transformer.is_transformer ? 64 : 8;
  if (entry.blocks > 0 && options.blocks == 0) options.blocks = 3;
  const at::NoGradGuard no_grad;
  Made made;
  made.network.encoder = resolve(options, shape);
  made.encoder = make_encoder(options, shape, Rng(7));
  made.encoder->eval();
  at::manual_seed(3);
  for (auto& [name, tensor] : named_tensors(*made.encoder)) {
    if (name.ends_with("running_var")) tensor.uniform_(0.5, 2);
    if (name.ends_with("running_mean")) tensor.normal_(0, 0.3);
    if (name == "pos_embed" || name == "cls_token" || name == "position") tensor.normal_(0, 1);
    if (name.ends_with("bias")) tensor.normal_(0, 0.2);
    made.network.weights.emplace_back(name, tensor.contiguous());
  }
  made.network.channels = channels;
  if (shape.extent.size() == 2 && shape.extent[0] == shape.extent[1]) {
    made.network.image_size = shape.side();
  } else {
    made.network.other = shape;
  }
  made.network.feature_dim = made.encoder->feature_dim();
  made.network.mean = std::vector<double>(static_cast<size_t>(channels), 0.4);
  made.network.std = std::vector<double>(static_cast<size_t>(channels), 0.25);
  made.network.mean[0] = 0.5;
  if (with_head) {
    const int64_t d = made.network.feature_dim;
    made.network.head =
        LinearHead{at::randn({d}), at::randn({3, d}) / 4, at::randn({3}), {"a", "b", "c"}};
  }
  return made;
}

Made make(EncoderOptions options, int64_t channels, int64_t size, bool with_head) {
  return make(std::move(options), InputShape::image(channels, size), with_head);
}

at::Tensor features_of(const Made& made, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  return made.encoder->forward(x).contiguous();
}

at::Tensor probabilities_of(const Made& made, const at::Tensor& features) {
  const LinearHead& head = *made.network.head;
  return (at::matmul(features - head.mean, head.weight.t()) + head.bias).softmax(-1);
}

// uint8 [N, C, S, S] -> what the encoder takes.
at::Tensor prepared(const Made& made, const at::Tensor& u8) {
  at::Tensor x = u8.to(at::kFloat) / 255;
  for (int64_t c = 0; c < x.size(1); ++c) {
    const auto i = static_cast<size_t>(c);
    x.select(1, c).sub_(made.network.mean[i]).div_(made.network.std[i]);
  }
  return x;
}

void expect_close(const at::Tensor& got, const at::Tensor& expected, const std::string& what) {
  ASSERT_EQ(got.sizes(), expected.sizes()) << what;
  const double error = (got - expected).abs().max().item<double>();
  const double scale = std::max(1.0, expected.abs().max().item<double>());
  EXPECT_LE(error, 1e-5 * scale) << what;
  EXPECT_GT(expected.std().item<double>(), 1e-3) << what << ": the test sees only constants";
}

struct Kind {
  std::string what;
  EncoderOptions options;
  InputShape shape;
};

std::vector<Kind> kinds() {
  std::vector<Kind> out;
  for (const auto& entry : encoder_catalogue()) {
    EncoderOptions options;
    options.name = entry.name;
    if (entry.dimensions == 0) {
      out.push_back({entry.name, options, {30, {}}});
      out.push_back({options.name + " of planes", options, {3, {4, 5}}});
    }
    if (entry.dimensions == 1) {
      out.push_back({entry.name, options, {6, {128}}});
      out.push_back({options.name + " of odd length", options, {1, {1203}}});  // steps of 4
    }
    if (entry.dimensions != 2) continue;
    if (options.name.starts_with("dinov2_") || options.name.starts_with("clip_")) continue;
    out.push_back({entry.name, options, InputShape::image(3, 32)});
    if (entry.has_stem) {
      options.stem = "imagenet";
      out.push_back({options.name + " imagenet", options, InputShape::image(1, 64)});
    }
    if (entry.transformer.is_transformer) {
      options.pool = "average";
      out.push_back({options.name + " average", options, InputShape::image(1, 28)});
    }
  }
  EncoderOptions odd;
  odd.name = "conv4";
  out.push_back({"conv4 of 28 pixels", odd, InputShape::image(1, 28)});
  EncoderOptions small;
  small.name = "small";
  out.push_back({"small of spectrograms", small, {1, {40, 31}}});
  return out;
}

TEST(OnnxNetwork, ComputesWhatEveryEncoderComputes) {
  const TemporaryFolder folder;
  for (const Kind& kind : kinds()) {
    const Made made = make(kind.options, kind.shape, true);
    const auto path = folder.path() / "a.onnx";
    write_onnx_network(path, made.network, GraphInput::kPrepared, {{"key", "value"}});
    const auto bytes = read_bytes(path);
    const OnnxRun run(bytes);
    for (const int64_t n : {1, 3}) {
      const at::Tensor x = at::randn(kind.shape.batch(n));
      const auto values = run(made.network.input_name(), x);
      const at::Tensor features = features_of(made, x);
      expect_close(values.at("features"), features, kind.what);
      expect_close(values.at("probabilities"), probabilities_of(made, features), kind.what);
    }
    EXPECT_EQ(run.model().integer(1), 8) << "IR version";
    EXPECT_EQ(ProtoFields(run.model().all(8).at(0).bytes).integer(2), 17) << "opset";
    EXPECT_EQ(ProtoFields(run.model().all(14).at(0).bytes).text(2), "value");
    EXPECT_EQ(run.graph().all(12).size(), 2U) << "outputs";
  }
}

TEST(OnnxNetwork, TakesBytesInBothOrders) {
  const TemporaryFolder folder;
  EncoderOptions options;
  options.name = "small";
  const Made made = make(options, 3, 20, false);
  const at::Tensor u8 = at::randint(256, {2, 3, 20, 20}, at::kByte);
  const at::Tensor expected = features_of(made, prepared(made, u8));
  write_onnx_network(folder.path() / "a", made.network, GraphInput::kNchw);
  write_onnx_network(folder.path() / "b", made.network, GraphInput::kNhwc);
  const auto a = read_bytes(folder.path() / "a"), b = read_bytes(folder.path() / "b");
  expect_close(OnnxRun(a)("image", u8).at("features"), expected, "nchw");
  const auto nhwc = OnnxRun(b)("image", u8.permute({0, 2, 3, 1}).contiguous());
  expect_close(nhwc.at("features"), expected, "nhwc");
  EXPECT_FALSE(nhwc.count("probabilities"));
}

TEST(TorchScript, ComputesWhatEveryEncoderComputes) {
  const TemporaryFolder folder;
  const at::NoGradGuard no_grad;
  for (const Kind& kind : kinds()) {
    const Made made = make(kind.options, kind.shape, false);
    const auto path = folder.path() / "a.ts";
    write_torchscript_network(path, made.network, GraphInput::kPrepared);
    torch::jit::Module module = torch::jit::load(path.string());
    for (const int64_t n : {1, 3}) {
      const at::Tensor x = at::randn(kind.shape.batch(n));
      expect_close(module.forward({x}).toTensor(), features_of(made, x), kind.what);
    }
    std::set<std::string> names, expected;
    for (const auto& item : module.named_parameters()) names.insert(item.name);
    for (const auto& item : module.named_buffers()) names.insert(item.name);
    for (const auto& [name, tensor] : made.network.weights) expected.insert(name);
    EXPECT_EQ(names, expected) << kind.what;
  }
}

TEST(TorchScript, TakesBytesAndGivesProbabilities) {
  const TemporaryFolder folder;
  const at::NoGradGuard no_grad;
  EncoderOptions options;
  options.name = "resnet18";
  const Made made = make(options, 3, 16, true);
  const auto path = (folder.path() / "a.ts").string();
  write_torchscript_network(path, made.network, GraphInput::kNhwc, {{"classes", "[]"}});
  torch::jit::ExtraFilesMap extra = {{"classes", ""}};
  torch::jit::Module module = torch::jit::load(path, c10::nullopt, extra);
  EXPECT_EQ(extra.at("classes"), "[]");
  const at::Tensor u8 = at::randint(256, {2, 3, 16, 16}, at::kByte);
  const auto out = module.forward({u8.permute({0, 2, 3, 1})}).toTuple()->elements();
  const at::Tensor features = features_of(made, prepared(made, u8));
  expect_close(out.at(0).toTensor(), features, "features");
  expect_close(out.at(1).toTensor(), probabilities_of(made, features), "probabilities");
}

TEST(Graph, AnEncoderWithoutDescriptionIsRefusedByName) {
  const TemporaryFolder folder;
  EncoderOptions options;
  options.name = "small";
  Made made = make(options, 1, 16, false);
  made.network.encoder.name = "perceptron";
  EXPECT_THROW(write_onnx_network(folder.path() / "a", made.network, GraphInput::kPrepared),
               UserError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// PyTorch's reader in C++ finds names, types, shapes and values.
TEST(TorchWriter, LibtorchReadsWhatWasWritten) {
  const TemporaryFolder folder;
  const NamedTensors tensors = {{"a.weight", at::randn({2, 3, 1, 4})},
                                {"a.count", at::tensor(int64_t{1} << 40)},
                                {"half", at::randn({5}).to(at::kHalf)},
                                {"brain", at::randn({5}).to(at::kBFloat16)},
                                {"none", at::empty({0, 3})},
                                {"yes", at::tensor({1, 0}).to(at::kBool)},
                                {"double", at::randn({3}, at::kDouble)},
                                {"byte", at::arange(7).to(at::kByte)}};
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : tensors) views.push_back(tensor_view(name, tensor));
  write_torch_file(folder.path() / "a.pt", views);
  const auto bytes = read_bytes(folder.path() / "a.pt");
  const auto dict = torch::jit::pickle_load({bytes.begin(), bytes.end()}).toGenericDict();
  ASSERT_EQ(dict.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor read = dict.at(name).toTensor();
    EXPECT_EQ(read.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(read.equal(tensor)) << name;
  }
}

std::set<std::string> names_of(const NamedTensors& tensors) {
  std::set<std::string> out;
  for (const auto& [name, tensor] : tensors) out.insert(name);
  return out;
}

Tensor named(const NamedTensors& tensors, const std::string& name) {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return tensor;
  }
  throw std::runtime_error("no tensor " + name);
}

TEST(ForeignNames, ResNetInTransformers) {
  EncoderOptions options;
  options.name = "resnet50";
  options.stem = "imagenet";
  const Made made = make(options, 3, 64, true);
  const auto weights = transformers_weights(made.network);
  EXPECT_EQ(weights.size(), made.network.weights.size() + 2);
  const auto same = [&](const char* theirs, const char* ours) {
    EXPECT_TRUE(named(weights, theirs).equal(named(made.network.weights, ours))) << theirs;
  };
  same("resnet.embedder.embedder.convolution.weight", "conv1.weight");
  same("resnet.embedder.embedder.normalization.running_var", "bn1.running_var");
  same("resnet.encoder.stages.1.layers.0.layer.2.convolution.weight", "layer2.0.conv3.weight");
  same("resnet.encoder.stages.3.layers.2.layer.0.normalization.bias", "layer4.2.bn1.bias");
  same("resnet.encoder.stages.0.layers.0.shortcut.convolution.weight",
       "layer1.0.downsample.0.weight");
  same("resnet.encoder.stages.0.layers.0.shortcut.normalization.num_batches_tracked",
       "layer1.0.downsample.1.num_batches_tracked");
  const auto& head = *made.network.head;
  const Tensor x = at::randn({2, made.network.feature_dim});
  expect_close(
      at::linear(x, named(weights, "classifier.1.weight"), named(weights, "classifier.1.bias")),
      at::matmul(x - head.mean, head.weight.t()) + head.bias,
      "the classifier's mean is in its bias");
  const auto config = transformers_config(made.network);
  EXPECT_EQ(config.at("hidden_sizes"), (std::vector<int64_t>{32, 64, 128, 256}));
  EXPECT_EQ(config.at("architectures").at(0), "ResNetForImageClassification");
  EXPECT_EQ(config.at("id2label").at("2"), "c");
}

TEST(ForeignNames, VisionTransformerInTransformersAndTorchvision) {
  EncoderOptions options;
  options.name = "vit_tiny";
  options.width = 128;
  const Made made = make(options, 3, 28, false);
  const auto theirs = transformers_weights(made.network);
  Tensor qkv = named(made.network.weights, "blocks.2.attn.qkv.weight");
  EXPECT_TRUE(named(theirs, "encoder.layer.2.attention.attention.query.weight")
                  .equal(qkv.slice(0, 0, 128)));
  EXPECT_TRUE(named(theirs, "encoder.layer.2.attention.attention.key.weight")
                  .equal(qkv.slice(0, 128, 256)));
  EXPECT_TRUE(
      named(theirs, "encoder.layer.2.attention.attention.value.weight").equal(qkv.slice(0, 256)));
  EXPECT_TRUE(named(theirs, "layernorm.bias").equal(named(made.network.weights, "norm.bias")));
  EXPECT_TRUE(named(theirs, "pooler.dense.weight").equal(at::eye(128)));
  for (const auto& name : names_of(theirs))
    EXPECT_EQ(name.find("blocks"), std::string::npos) << name;

  const auto vision = torchvision_weights(made.network);
  EXPECT_TRUE(
      named(vision, "encoder.layers.encoder_layer_2.self_attention.in_proj_weight").equal(qkv));
  for (const char* name :
       {"class_token", "conv_proj.weight", "conv_proj.bias", "encoder.pos_embedding",
        "encoder.layers.encoder_layer_0.ln_1.weight", "encoder.layers.encoder_layer_0.mlp.0.weight",
        "encoder.layers.encoder_layer_0.mlp.3.bias", "encoder.ln.weight",
        "encoder.layers.encoder_layer_0.self_attention.out_proj.bias"}) {
    EXPECT_TRUE(names_of(vision).count(name)) << name;
  }
  EXPECT_EQ(vision.size(), made.network.weights.size());
}

TEST(ForeignNames, TimmIsToldHowItsTransformerPools) {
  EncoderOptions options;
  options.name = "vit_small";
  for (const auto& [ours, theirs] : {std::pair{"token", "token"}, {"average", "avg"}}) {
    options.pool = ours;
    const auto config = timm_config(make(options, 1, 28, false).network);
    EXPECT_EQ(config.at("model_args").at("global_pool"), theirs);
    EXPECT_EQ(config.at("model_args").at("patch_size"), 4);
    EXPECT_EQ(config.at("model_args").at("in_chans"), 1);
    EXPECT_EQ(config.at("architecture"), "vit_small_patch16_224");
  }
}

TEST(ForeignNames, WhatALibraryLacksIsSaid) {
  EncoderOptions options;
  options.name = "resnet18";
  options.width = 64;
  const Network cifar = make(options, 3, 32, false).network;
  EXPECT_NE(missing_in_transformers(cifar), "");
  EXPECT_NE(missing_in_timm(cifar), "");
  EXPECT_EQ(missing_in_torchvision(cifar), "");
  options.width = 16;
  options.stem = "imagenet";
  const Network narrow = make(options, 3, 64, false).network;
  EXPECT_EQ(missing_in_transformers(narrow), "");
  EXPECT_NE(missing_in_timm(narrow), "");
  EXPECT_NE(missing_in_torchvision(narrow), "");
  EncoderOptions own;
  own.name = "conv4";
  const Network conv4 = make(own, 3, 32, false).network;
  for (const auto& missing :
       {missing_in_transformers(conv4), missing_in_timm(conv4), missing_in_torchvision(conv4)}) {
    EXPECT_NE(missing.find("conv4"), std::string::npos);
  }
  EXPECT_EQ(transformers_config(conv4).at("model_type"), "likewise_conv4");
  EXPECT_EQ(names_of(transformers_weights(conv4)), names_of(conv4.weights));
}

}  // namespace
}  // namespace likewise
