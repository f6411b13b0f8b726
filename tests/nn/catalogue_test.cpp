// Every encoder of the catalogue: shapes, sizes, gradients; what resolving replaces and refuses.

#include "likewise/nn/catalogue.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>

#include "likewise/base/error.hpp"
#include "likewise/nn/count.hpp"
#include "likewise/nn/layers.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/precision.hpp"
#include "likewise/nn/weights.hpp"

namespace likewise {
namespace {

Tensor waves(int64_t n, int64_t channels, int64_t size) {
  return at::arange(n * channels * size * size, at::TensorOptions().dtype(at::kFloat))
      .mul_(0.37)
      .sin_()
      .view({n, channels, size, size});
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no UserError";
}

// Without drawing its weights.
std::shared_ptr<Encoder> blank(const EncoderOptions& options, int64_t channels, int64_t size) {
  return find_encoder(options.name).make(resolve(options, size), channels, size);
}

int64_t count(const EncoderOptions& options, int64_t channels, int64_t size) {
  return parameter_count(*blank(options, channels, size));
}

// What an encoder takes: images of 32 pixels, series of 32 frames, vectors of 32 values.
InputShape shape_for(const EncoderEntry& entry, int64_t channels) {
  if (entry.dimensions == 0) return {32, {}};
  return entry.dimensions == 1 ? InputShape{channels, {32}} : InputShape::image(channels, 32);
}

Tensor input_for(const EncoderEntry& entry, int64_t count, int64_t channels) {
  const Tensor x = waves(count, channels, 32);
  if (entry.dimensions == 0) return x.select(1, 0).select(1, 0).contiguous();
  return entry.dimensions == 1 ? x.select(2, 0).contiguous() : channels_last(x);
}

TEST(Catalogue, EveryEncoderGivesItsFeaturesAndGradientsForAllParameters) {
  for (const EncoderEntry& entry : encoder_catalogue()) {
    SCOPED_TRACE(entry.name);
    EncoderOptions options;
    options.name = entry.name;
    options.width = entry.transformer.is_transformer ? 64 : 4;
    options.blocks = entry.blocks ? 2 : 0;
    auto encoder = make_encoder(options, shape_for(entry, 2), Rng(0));
    ASSERT_TRUE(encoder->is_training());
    const Tensor y = encoder->forward(input_for(entry, 3, 2));
    EXPECT_EQ(y.sizes(), (std::vector<int64_t>{3, encoder->feature_dim()}));
    EXPECT_TRUE(y.isfinite().all().item<bool>());
    (y * waves(1, 1, 64).flatten().slice(0, 0, y.numel()).view_as(y)).sum().backward();
    for (const auto& item : encoder->named_parameters()) {
      ASSERT_TRUE(item.value().grad().defined()) << item.key();
      EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
    }
  }
}

TEST(Catalogue, EncodersHaveThePublishedNumberOfParameters) {
  // torchvision's counts without fc; timm's vit_tiny_patch16_224 and vit_small_patch16_224 without
  // head.
  EXPECT_EQ(count({.name = "resnet18"}, 3, 224), 11689512 - 513000);
  EXPECT_EQ(count({.name = "resnet34"}, 3, 224), 21797672 - 513000);
  EXPECT_EQ(count({.name = "resnet50"}, 3, 224), 25557032 - 2049000);
  EXPECT_EQ(count({.name = "vit_tiny"}, 3, 224), 5717416 - 193000);
  EXPECT_EQ(count({.name = "conv4"}, 1, 28), 64 * 9 + 3 * 64 * 64 * 9 + 4 * 128);
}

TEST(Catalogue, MultiplyAddsAreThePublishedOnes) {
  // 1.814 G for ResNet-18 and 4.089 G for ResNet-50 at 224 pixels, fc (0.5 M, 2 M) left out.
  const auto giga = [](const char* name) {
    auto encoder = blank({.name = name}, 3, 224);
    return static_cast<double>(multiply_adds(*encoder, 3, 224)) / 1e9;
  };
  EXPECT_NEAR(giga("resnet18"), 1.8136, 0.0005);
  EXPECT_NEAR(giga("resnet50"), 4.0871, 0.0005);
  // 196 + 1 tokens of 12 blocks: linear layers 12 D^2 a token, attention 2 L D; and the patches.
  EXPECT_NEAR(giga("vit_tiny"),
              (197 * 12.0 * (12 * 192 * 192 + 2 * 197 * 192) + 196 * 768.0 * 192) / 1e9, 1e-9);
}

TEST(Catalogue, CountingLeavesTheEncoderAsItWas) {
  auto encoder = make_encoder({.name = "small"}, 1, 32, Rng(0));
  encoder->named_modules()["bn1"]->eval();
  const NamedTensors before = named_tensors(*encoder);
  multiply_adds(*encoder, 1, 32);
  EXPECT_TRUE(encoder->is_training());
  EXPECT_FALSE(encoder->named_modules()["bn1"]->is_training());
  EXPECT_TRUE(encoder->named_modules()["blocks.0.bn1"]->is_training());
  EXPECT_EQ(named_tensors(*encoder)[3].second.sum().item<double>(),
            before[3].second.sum().item<double>());
}

TEST(Catalogue, SmallHas128FeaturesAtItsOwnWidth) {
  EXPECT_EQ(make_encoder({.name = "small"}, 1, 32, Rng(0))->feature_dim(), 128);
  EXPECT_EQ(make_encoder({.name = "small", .width = 16}, 3, 28, Rng(0))->feature_dim(), 64);
}

TEST(Catalogue, Conv4HasTheLiteraturesFeatureSizes) {
  EXPECT_EQ(make_encoder({.name = "conv4"}, 1, 28, Rng(0))->feature_dim(), 64);    // Omniglot
  EXPECT_EQ(make_encoder({.name = "conv4"}, 3, 84, Rng(0))->feature_dim(), 1600);  // miniImageNet
  EXPECT_THROW(make_encoder({.name = "conv4"}, 3, 15, Rng(0)), UserError);
  EXPECT_THROW(make_encoder({.name = "conv4"}, 1, 28, Rng(0))->forward(waves(2, 1, 32)), UserError);
}

TEST(Catalogue, Conv4FlattensAlikeInBothLayouts) {
  auto encoder = make_encoder({.name = "conv4", .width = 8}, 3, 32, Rng(0));
  encoder->eval();
  const Tensor x = waves(2, 3, 32);
  EXPECT_LT((encoder->forward(x) - encoder->forward(channels_last(x))).abs().max().item<double>(),
            1e-5);
}

TEST(Catalogue, AutoGoesByTheImageSize) {
  EXPECT_EQ(resolve({}, 32).name, "small");
  EXPECT_EQ(resolve({}, 224).name, "resnet18");
  EXPECT_EQ(resolve({.name = "resnet50"}, 32).stem, "cifar");
  EXPECT_EQ(resolve({.name = "resnet50"}, 224).stem, "imagenet");
  EXPECT_EQ(resolve({.name = "resnet50"}, 224).width, 64);
  EXPECT_EQ(resolve({.name = "vit_tiny"}, 32).patch, 4);
  EXPECT_EQ(resolve({.name = "vit_tiny"}, 224).patch, 16);
  EXPECT_EQ(resolve({.name = "vit_tiny"}, 28).patch, 4);
  EXPECT_EQ(resolve({.name = "vit_tiny"}, 224).pool, "token");
  EXPECT_EQ(resolve({.name = "vit_small"}, 224).width, 384);
}

TEST(Catalogue, ResolvingTwiceChangesNothing) {
  for (const EncoderEntry& entry : encoder_catalogue()) {
    const InputShape shape = shape_for(entry, 3);
    EncoderOptions once = resolve({.name = entry.name}, shape), twice = resolve(once, shape);
    EXPECT_EQ(Fields(once).to_toml(), Fields(twice).to_toml());
  }
}

TEST(Catalogue, UnknownNamesNameTheNearest) {
  const std::string message = message_of([] { find_encoder("resnet81"); });
  EXPECT_NE(message.find("resnet18"), std::string::npos) << message;
}

TEST(Catalogue, OptionsThatAnArchitectureLacksAreRefused) {
  EXPECT_EQ(message_of([] { resolve({.name = "resnet18", .patch = 4}, 32); }),
            "encoder resnet18 has no option encoder.patch");
  EXPECT_EQ(message_of([] { resolve({.name = "vit_tiny", .stem = "cifar"}, 32); }),
            "encoder vit_tiny has no option encoder.stem");
  EXPECT_THROW(resolve({.name = "resnet18", .blocks = 3}, 32), UserError);
  EXPECT_THROW(resolve({.name = "small", .zero_init = true}, 32), UserError);
  EXPECT_THROW(resolve({.name = "conv4", .pool = "token"}, 32), UserError);
  EXPECT_THROW(resolve({.name = "vit_tiny"}, 31), UserError);
  EXPECT_THROW(make_encoder({.name = "vit_tiny", .patch = 5}, 3, 32, Rng(0)), UserError);
  EXPECT_THROW(make_encoder({.name = "vit_tiny", .width = 100}, 3, 32, Rng(0)), UserError);
}

TEST(MemoryFormat, OneChannelGetsChannelsLastStridesWithoutACopy) {
  const Tensor x = waves(3, 1, 4), y = channels_last(x);
  EXPECT_EQ(y.strides(), (std::vector<int64_t>{16, 1, 4, 1}));
  EXPECT_EQ(y.suggest_memory_format(), at::MemoryFormat::ChannelsLast);
  EXPECT_EQ(y.data_ptr(), x.data_ptr());
  EXPECT_TRUE(y.equal(x));
}

TEST(MemoryFormat, ValuesAreKeptForAnyShapeAndStride) {
  for (const int64_t n : {1, 3}) {
    for (const int64_t c : {1, 2, 5}) {
      for (const int64_t size : {1, 2, 6}) {
        const Tensor x =
            waves(2 * n, c + 1, size + 1).slice(0, 1, 1 + n).slice(1, 1).slice(3, 0, size);
        const Tensor y = channels_last(x);
        EXPECT_TRUE(y.equal(x));
        EXPECT_EQ(y.strides(), (std::vector<int64_t>{(size + 1) * size * c, 1, size * c, c}));
        EXPECT_EQ(channels_last(y).data_ptr(), y.data_ptr());
      }
    }
  }
}

TEST(MemoryFormat, TheWholeNetworkStaysChannelsLastForOneChannel) {
  auto encoder = make_encoder({.name = "small"}, 1, 32, Rng(0));
  for (const auto& item : encoder->named_parameters()) {
    EXPECT_TRUE(item.value().dim() != 4 || item.value().stride(1) == 1) << item.key();
  }
  auto conv = std::dynamic_pointer_cast<Layer>(encoder->named_modules()["conv1"]);
  ASSERT_TRUE(conv);
  EXPECT_TRUE(
      conv->forward(channels_last(waves(2, 1, 32))).is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(MemoryFormat, GradientsPassThrough) {
  const Tensor x = waves(2, 1, 3).requires_grad_();
  (channels_last(x) * waves(2, 1, 3)).sum().backward();
  EXPECT_TRUE(x.grad().equal(waves(2, 1, 3)));
}

TEST(Precision, GuardsNestAndRestore) {
  auto encoder = make_encoder({.name = "small", .width = 8}, 1, 16, Rng(0));
  const Tensor x = channels_last(waves(4, 1, 16));
  const auto type = [&] { return encoder->forward(x).scalar_type(); };
  EXPECT_EQ(type(), at::kFloat);
  {
    const PrecisionGuard bf16(Precision::kBf16);
    EXPECT_EQ(type(), at::kBFloat16);
    {
      const PrecisionGuard fp32(Precision::kFp32);
      EXPECT_EQ(type(), at::kFloat);
    }
    EXPECT_EQ(type(), at::kBFloat16);
  }
  EXPECT_EQ(type(), at::kFloat);
}

TEST(Precision, Bf16TrainsParametersInFp32) {
  for (const EncoderEntry& entry : encoder_catalogue()) {
    SCOPED_TRACE(entry.name);
    EncoderOptions options{.name = entry.name,
                           .width = entry.transformer.is_transformer ? 64 : 8,
                           .blocks = entry.blocks ? 2 : 0};
    auto encoder = make_encoder(options, shape_for(entry, 1), Rng(0));
    const Tensor x = input_for(entry, 4, 1);
    encoder->eval();
    const Tensor expected = encoder->forward(x).detach();
    Tensor got;
    {
      const PrecisionGuard guard(Precision::kBf16);
      got = encoder->forward(x).to(at::kFloat);
    }
    const double scale = expected.abs().max().item<double>();
    EXPECT_LT((got - expected).abs().max().item<double>(), 0.05 * scale);
    got.sum().backward();
    for (const Tensor& p : encoder->parameters()) EXPECT_EQ(p.grad().scalar_type(), at::kFloat);
  }
}

TEST(Precision, TheGuardDropsCastCopiesOfWeights) {
  Linear linear(2, 2, false);
  const auto run = [&] {
    const PrecisionGuard guard(Precision::kBf16);
    return linear.forward(at::ones({1, 2})).sum().item<double>();
  };
  EXPECT_EQ(run(), 0);
  linear.weight.detach().fill_(1);
  EXPECT_EQ(run(), 4);
}

TEST(Precision, TheTrialIsQuickAndPicksTheFaster) {
  const auto start = std::chrono::steady_clock::now();
  const PrecisionChoice choice = measure_precision();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_LT(elapsed.count(), 10);  // 0.3 s with bf16 instructions and the machine to itself
  EXPECT_GT(choice.fp32_ms, 0);
  EXPECT_GT(choice.bf16_ms, 0);
  EXPECT_EQ(choice.precision == Precision::kBf16, choice.bf16_ms * 1.1 <= choice.fp32_ms);
  RecordProperty("trial", fmt::format("{}: {}, {:.2f} s", precision_name(choice.precision),
                                      choice.reason, elapsed.count()));
}

TEST(Precision, TheChoiceSaysWhy) { EXPECT_FALSE(choose_precision().reason.empty()); }

}  // namespace
}  // namespace likewise
