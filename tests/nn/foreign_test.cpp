// Encoders of other programs: recognised from their tensors, loaded, and of the same features.

#include "likewise/nn/foreign.hpp"

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include "likewise/base/file.hpp"
#include "likewise/nn/catalogue.hpp"
#include "likewise/nn/memory_format.hpp"
#include "support/golden.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

const Golden& foreign_golden() {
  static const Golden golden("foreign");
  return golden;
}

Tensor foreign_tensor(const std::string& key) { return read_tensor(foreign_golden().file(), key); }

NamedTensors state_of(const Golden& golden, const std::string& name) {
  NamedTensors state;
  const std::string prefix = name + "/state/";
  for (const std::string& key : golden.file().names()) {
    if (key.compare(0, prefix.size(), prefix) == 0) {
      state.emplace_back(key.substr(prefix.size()), read_tensor(golden.file(), key));
    }
  }
  return state;
}

NamedTensors renamed(const NamedTensors& tensors, const std::string& prefix) {
  NamedTensors out;
  for (const auto& [name, tensor] : tensors) out.emplace_back(prefix + name, tensor);
  return out;
}

double largest_difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return a.sizes() == b.sizes() ? (a - b).abs().max().item<double>() : 1e30;
}

class Foreign : public testing::Test {
 protected:
  std::filesystem::path write(const NamedTensors& tensors,
                              const std::string& name = "weights.safetensors") {
    write_tensors(folder_ / name, tensors);
    return folder_ / name;
  }

  // Features of `image` by the encoder that the file is recognised as, everything in it matched.
  Tensor features(const std::filesystem::path& path, const Tensor& image,
                  const std::string& part = "") {
    found_ = recognise(WeightFile(path), part);
    auto encoder = make_encoder(found_.encoder, found_.channels, found_.image_size, Rng(1));
    report_ = load_foreign(*encoder, found_);
    EXPECT_TRUE(report_.missing.empty() && report_.mismatched.empty() && report_.unexpected.empty())
        << report_.text();
    encoder->eval();
    return encoder->forward(channels_last(image)).detach();
  }

  TemporaryFolder folder_;
  ForeignEncoder found_;
  LoadReport report_;
};

struct ForeignCase {
  const char* name;
  const char* encoder;
  const char* config;  // what stands in config.json; empty: none
};

TEST_F(Foreign, FeaturesAreThoseOfTheProgramThatWroteTheFile) {
  for (const auto& [name, encoder, config] :
       {ForeignCase{"timm", "vit_tiny", ""},
        {"timm_average", "vit_tiny", ""},
        {"timm_registers", "dinov2_small", ""},
        {"timm_clip", "clip_base", ""},
        {"dinov2", "dinov2_small", ""},
        {"hf_dinov2", "dinov2_small", ""},
        {"hf_vit", "vit_tiny", ""},
        {"hf_clip", "clip_base", ""},
        {"torchvision", "vit_tiny", ""},
        {"open_clip", "clip_base", ""},
        {"open_clip_quick", "clip_base", R"({"model_cfg":{"quick_gelu":true}})"}}) {
    SCOPED_TRACE(name);
    const auto path = write(state_of(foreign_golden(), name));
    std::filesystem::remove(folder_ / "config.json");
    if (*config) write_file(folder_ / "config.json", std::string_view(config));
    const Tensor got = features(path, foreign_tensor(name + std::string("/image")));
    const Tensor expected = foreign_tensor(name + std::string("/features"));
    EXPECT_EQ(found_.encoder.name, encoder);
    EXPECT_EQ(found_.encoder.patch, 4);
    EXPECT_EQ(found_.encoder.blocks, 1);
    EXPECT_EQ(found_.image_size, 16);
    EXPECT_TRUE(report_.adapted.empty());
    EXPECT_LT(largest_difference(got, expected), 2e-5 * expected.abs().max().item<double>());
  }
}

TEST_F(Foreign, ResidualNetworksAreFoundBehindAnyPrefix) {
  const Golden models("models");
  const NamedTensors state = state_of(models, "resnet_18");
  const Tensor image = read_tensor(models.file(), "resnet_18/image");
  const Tensor expected = read_tensor(models.file(), "resnet_18/eval/features");
  for (const char* prefix :
       {"", "module.", "state_dict/backbone.", "state_dict/module.encoder_q."}) {
    SCOPED_TRACE(prefix);
    NamedTensors all = renamed(state, prefix);
    all.emplace_back("queue", at::ones({3}));
    const Tensor got = features(write(all), image);
    EXPECT_EQ(found_.prefix, prefix);
    EXPECT_EQ(found_.encoder.name, "resnet18");
    EXPECT_EQ(found_.encoder.stem, "imagenet");
    EXPECT_LT(largest_difference(got, expected), 1e-4 * expected.abs().max().item<double>());
    EXPECT_TRUE(std::find(report_.left_over.begin(), report_.left_over.end(), "fc.weight") !=
                report_.left_over.end());
  }
  // As a list of layers, and with the CIFAR stem.
  NamedTensors list;
  for (const auto& [name, tensor] : state) {
    std::string other = name;
    const auto change = [&](const std::string& from, const std::string& to) {
      if (other.compare(0, from.size(), from) == 0) other = to + other.substr(from.size());
    };
    change("conv1.", "0.");
    change("bn1.", "1.");
    for (int i = 1; i <= 4; ++i) change(fmt::format("layer{}.", i), fmt::format("{}.", i + 3));
    if (name.compare(0, 2, "fc") != 0) list.emplace_back("backbone." + other, tensor);
  }
  EXPECT_LT(largest_difference(features(write(list), image), expected),
            1e-4 * expected.abs().max().item<double>());
  features(write(state_of(models, "resnet_18_cifar")),
           read_tensor(models.file(), "resnet_18_cifar/image"));
  EXPECT_EQ(found_.encoder.stem, "cifar");
  EXPECT_EQ(found_.image_size, 32);
}

TEST_F(Foreign, OfSeveralEncodersTheOneIsTakenThatIsEvaluated) {
  const NamedTensors good = state_of(foreign_golden(), "timm");
  NamedTensors other = state_of(foreign_golden(), "timm");
  for (auto& [name, tensor] : other) tensor = tensor * 2;
  const auto both = [&](const std::string& first, const std::string& second) {
    NamedTensors all = renamed(other, first);
    for (auto& item : renamed(good, second)) all.push_back(item);
    return write(all);
  };
  for (const auto& [unwanted, wanted] :
       {std::pair("student/module.backbone.", "teacher/backbone."),
        {"state_dict/module.momentum_encoder.", "state_dict/module.base_encoder."},
        {"state_dict/module.encoder_k.", "state_dict/module.encoder_q."},
        {"target_network.", "online_network."},
        {"state_dict/backbone_momentum.", "state_dict/backbone."}}) {
    EXPECT_EQ(recognise(WeightFile(both(unwanted, wanted))).prefix, wanted);
    const ForeignEncoder asked = recognise(WeightFile(both(unwanted, wanted)), unwanted);
    EXPECT_EQ(asked.prefix, unwanted);
    EXPECT_EQ(asked.others, std::vector<std::string>{wanted});
  }
  const std::string shortened = "student/module.backbone";
  EXPECT_EQ(recognise(WeightFile(both("student/module.backbone.", "teacher/backbone.")), shortened)
                .prefix,
            shortened + ".");
  try {
    recognise(WeightFile(both("student/module.backbone.", "teacher/backbone.")), "nobody");
    ADD_FAILURE();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("student/module.backbone., teacher/backbone."),
              std::string::npos)
        << error.what();
  }
}

TEST_F(Foreign, WhatIsNoEncoderIsSaid) {
  const auto message = [&](const NamedTensors& tensors) -> std::string {
    try {
      recognise(WeightFile(write(tensors)));
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message({{"a.weight", at::ones({2})}})
                .find("no encoder is recognised among its 1 tensors (a.weight)"),
            std::string::npos);
  const Golden models("models");
  EXPECT_NE(message(state_of(models, "resnet_bottleneck")).find("1 + 1 + 1 + 1 bottleneck blocks"),
            std::string::npos);
  NamedTensors clip = renamed(state_of(models, "resnet_18"), "visual.");
  clip.emplace_back("visual.attnpool.q_proj.weight", at::ones({2}));
  EXPECT_NE(message(clip).find("image tower of CLIP is a ResNet"), std::string::npos);
  NamedTensors distilled = state_of(foreign_golden(), "timm");
  distilled.emplace_back("dist_token", at::ones({1, 1, 64}));
  EXPECT_NE(message(distilled).find("distilled DeiT"), std::string::npos);
  // A block of which something is missing is not loaded silently.
  NamedTensors torn = state_of(foreign_golden(), "timm");
  std::erase_if(torn, [](const auto& item) { return item.first == "blocks.0.attn.qkv.bias"; });
  const ForeignEncoder found = recognise(WeightFile(write(torn)));
  auto encoder = make_encoder(found.encoder, 3, 16, Rng(0));
  EXPECT_EQ(load_foreign(*encoder, found).missing,
            std::vector<std::string>{"blocks.0.attn.qkv.bias"});
  NamedTensors third = state_of(foreign_golden(), "hf_vit");
  std::erase_if(third, [](const auto& item) {
    return item.first.find("q_proj.bias") != std::string::npos ||
           item.first.find("query.bias") != std::string::npos;
  });
  EXPECT_THROW(recognise(WeightFile(write(third))), DataError);
}

TEST_F(Foreign, ShapesThatNoProgramWritesAreErrorsAndNothingElse) {
  const NamedTensors good = state_of(foreign_golden(), "timm");
  for (const auto& [name, shape] : std::vector<std::pair<std::string, std::vector<int64_t>>>{
           {"pos_embed", {17}},
           {"pos_embed", {1, 17, 0}},
           {"pos_embed", {1, 1000000000, 0}},
           {"pos_embed", {0, 17, 64}},
           {"pos_embed", {1, 18, 64}},
           {"pos_embed", {}},
           {"cls_token", {0}},
           {"cls_token", {3}},
           {"patch_embed.proj.weight", {100000, 3, 0, 0}},
           {"patch_embed.proj.weight", {64, 3, 4, 5}},
           {"patch_embed.proj.weight", {64}},
           {"patch_embed.proj.weight", {64, 0, 4, 4}},
           {"blocks.0.attn.qkv.weight", {}},
           {"blocks.999999.norm1.weight", {64}},
           {"blocks.0.mlp.fc1.weight", {8, 8}}}) {
    NamedTensors tensors = good;
    std::erase_if(tensors, [&name = name](const auto& item) { return item.first == name; });
    tensors.emplace_back(name, at::ones(shape));
    const auto path = write(tensors);
    bool refused = false;
    try {
      const ForeignEncoder found = recognise(WeightFile(path));
      auto encoder = make_encoder(found.encoder, found.channels, found.image_size, Rng(0));
      refused = !load_foreign(*encoder, found).mismatched.empty();
    } catch (const Error&) {
      refused = true;
    }
    EXPECT_TRUE(refused) << name << fmt::format(" [{}]", fmt::join(shape, ", "));
  }
}

TEST_F(Foreign, ConfigurationBesideTheWeightsIsRead) {
  const auto path = write(state_of(foreign_golden(), "timm"));
  write_file(folder_ / "config.json",
             std::string_view(R"({"num_attention_heads":4,"layer_norm_eps":1e-3})"));
  write_file(
      folder_ / "preprocessor_config.json",
      std::string_view(
          R"({"image_mean":[0.1,0.2,0.3],"image_std":[0.4,0.5,0.6],"size":{"shortest_edge":20},"crop_size":{"height":12,"width":12}})"));
  const ForeignEncoder found = recognise(WeightFile(path));
  EXPECT_EQ(found.encoder.heads, 4);
  EXPECT_EQ(found.encoder.norm_eps, 1e-3);
  EXPECT_EQ(found.image_size, 12);
  EXPECT_DOUBLE_EQ(found.crop, 0.6);
  EXPECT_EQ(found.mean, (std::vector<double>{0.1, 0.2, 0.3}));
  EXPECT_EQ(found.std, (std::vector<double>{0.4, 0.5, 0.6}));
  EXPECT_EQ(found.assumed, "");
  // Broken or silly values are passed over.
  write_file(folder_ / "config.json",
             std::string_view(R"({"num_attention_heads":-1,"layer_norm_eps":"x"})"));
  write_file(folder_ / "preprocessor_config.json",
             std::string_view(R"({"image_mean":[0.1],"image_std":[0,0,0],"crop_size":7})"));
  const ForeignEncoder usual = recognise(WeightFile(path));
  EXPECT_EQ(usual.encoder.heads, 1);
  EXPECT_EQ(usual.image_size, 16);
  EXPECT_EQ(usual.std, (std::vector<double>{0.229, 0.224, 0.225}));
  EXPECT_NE(usual.assumed, "");
}

TEST_F(Foreign, ShardsAndFoldersAreRead) {
  const NamedTensors state = state_of(foreign_golden(), "timm");
  const Tensor image = foreign_tensor("timm/image"), expected = foreign_tensor("timm/features");
  const NamedTensors first(state.begin(), state.begin() + 5),
      second(state.begin() + 5, state.end());
  write(first, "m-00001-of-00002.safetensors");
  write(second, "m-00002-of-00002.safetensors");
  std::string map;
  for (size_t i = 0; i < state.size(); ++i) {
    map += fmt::format(R"({}"{}":"m-0000{}-of-00002.safetensors")", i ? "," : "", state[i].first,
                       i < 5 ? 1 : 2);
  }
  write_file(folder_ / "model.safetensors.index.json",
             std::string_view("{\"weight_map\":{" + map + "}}"));
  EXPECT_LT(largest_difference(features(folder_ / "model.safetensors.index.json", image), expected),
            1e-4);
  EXPECT_LT(largest_difference(features(folder_.path(), image), expected), 1e-4);
  EXPECT_EQ(WeightFile(folder_.path()).format(), "safetensors in 2 files");
  std::filesystem::remove(folder_ / "m-00002-of-00002.safetensors");
  EXPECT_THROW(WeightFile(folder_.path()), DataError);
  write(first, "m-00002-of-00002.safetensors");  // the same tensors twice
  EXPECT_THROW(WeightFile(folder_.path()), DataError);
  std::filesystem::remove(folder_ / "model.safetensors.index.json");
  EXPECT_THROW(WeightFile(folder_.path()), UserError);
  EXPECT_THROW(WeightFile(folder_ / "nothing"), UserError);
}

TEST_F(Foreign, FilesOfTorchGiveTheSameTensors) {
  const WeightFile file(Golden::path("formats/torch/types.pt"));
  EXPECT_EQ(file.format(), "PyTorch");
  EXPECT_EQ(file.read("bfloat16").scalar_type(), at::kBFloat16);
  EXPECT_EQ(file.read("scalar").dim(), 0);
  const Golden golden("formats");
  const Tensor got = file.read("float32");
  EXPECT_EQ(std::vector<float>(got.data_ptr<float>(), got.data_ptr<float>() + got.numel()),
            golden.floats("torch_files/types/float32"));
  EXPECT_EQ(WeightFile(Golden::path("formats/torch/checkpoint.pt")).values().at("arch"),
            "resnet18");
}

TEST(AdaptWeights, PositionsAreResampledAsEachProgramDoesIt) {
  const Tensor in = foreign_tensor("positions/in");
  const std::pair<const char*, PositionResampling> rules[] = {{"timm", {true, false, 0}},
                                                              {"plain", {false, false, 0}},
                                                              {"dinov2", {false, false, 0.1}},
                                                              {"torchvision", {false, true, 0}}};
  for (const auto& [name, how] : rules) {
    for (const int side : {4, 10}) {
      const Tensor expected = foreign_tensor(fmt::format("positions/{}_{}", name, side));
      EXPECT_LT(largest_difference(resample_positions(in, side, how), expected), 1e-5)
          << name << " " << side;
    }
  }
  EXPECT_THROW(resample_positions(at::ones({1, 9, 4}), 4, {}), DataError);
}

TEST(AdaptWeights, PatchesAndChannelsAreThoseOfTimm) {
  for (const int side : {4, 6, 12}) {
    EXPECT_LT(largest_difference(resample_patches(foreign_tensor("patches/in"), side),
                                 foreign_tensor(fmt::format("patches/out_{}", side))),
              1e-4)
        << side;
  }
  for (const int channels : {1, 4}) {
    EXPECT_LT(largest_difference(change_channels(foreign_tensor("channels/in"), channels),
                                 foreign_tensor(fmt::format("channels/out_{}", channels))),
              1e-6)
        << channels;
  }
}

TEST_F(Foreign, LoadingSaysWhatItChanged) {
  const ForeignEncoder found = recognise(WeightFile(write(state_of(foreign_golden(), "timm"))));
  EncoderOptions options = found.encoder;
  options.patch = 8;
  auto encoder = make_encoder(options, 1, 32, Rng(0));
  const LoadReport same_grid = load_foreign(*encoder, found);
  EXPECT_EQ(same_grid.adapted,
            (std::vector<std::string>{"patch_embed.proj.weight from 3 to 1 channels",
                                      "patch_embed.proj.weight from patches of 4 to 8 pixels"}));
  encoder = make_encoder(found.encoder, 3, 32, Rng(0));
  const LoadReport finer = load_foreign(*encoder, found);
  EXPECT_EQ(finer.adapted, std::vector<std::string>{"pos_embed resampled from 4 x 4 to 8 x 8"});
  EXPECT_TRUE(finer.missing.empty() && finer.mismatched.empty());
}

// One channel with summed weights answers a grey image as three equal channels do.
TEST_F(Foreign, GreyImagesAreAnsweredAsInThreeChannels) {
  const ForeignEncoder found = recognise(WeightFile(write(state_of(foreign_golden(), "timm"))));
  auto rgb = make_encoder(found.encoder, 3, 16, Rng(0)),
       grey = make_encoder(found.encoder, 1, 16, Rng(0));
  load_foreign(*rgb, found);
  load_foreign(*grey, found);
  rgb->eval();
  grey->eval();
  const Tensor image = foreign_tensor("timm/image").slice(1, 0, 1).contiguous();
  EXPECT_LT(largest_difference(grey->forward(channels_last(image)),
                               rgb->forward(channels_last(image.repeat({1, 3, 1, 1})))),
            1e-4);
}

}  // namespace
}  // namespace likewise
