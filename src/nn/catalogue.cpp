#include "likewise/nn/catalogue.hpp"

#include <algorithm>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/nn/conv4.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/mlp.hpp"
#include "likewise/nn/resnet.hpp"
#include "likewise/nn/resnet1d.hpp"
#include "likewise/nn/resnet_small.hpp"
#include "likewise/nn/transformer1d.hpp"
#include "likewise/nn/vit.hpp"

namespace likewise {

namespace {

std::shared_ptr<Encoder> make_small(const EncoderOptions& o, int64_t channels, int64_t) {
  return std::make_shared<SmallResNet>(
      SmallResNetOptions{.channels = channels, .width = o.width, .blocks = o.blocks});
}

std::shared_ptr<Encoder> make_resnet(const EncoderOptions& o, int64_t channels, bool bottleneck,
                                     std::vector<int64_t> blocks) {
  return std::make_shared<ResNet>(ResNetOptions{.blocks = std::move(blocks),
                                                .bottleneck = bottleneck,
                                                .channels = channels,
                                                .width = o.width,
                                                .imagenet_stem = o.stem == "imagenet",
                                                .zero_init = o.zero_init});
}

std::shared_ptr<Encoder> make_resnet18(const EncoderOptions& o, int64_t channels, int64_t) {
  return make_resnet(o, channels, false, {2, 2, 2, 2});
}

std::shared_ptr<Encoder> make_resnet34(const EncoderOptions& o, int64_t channels, int64_t) {
  return make_resnet(o, channels, false, {3, 4, 6, 3});
}

std::shared_ptr<Encoder> make_resnet50(const EncoderOptions& o, int64_t channels, int64_t) {
  return make_resnet(o, channels, true, {3, 4, 6, 3});
}

std::shared_ptr<Encoder> make_conv4(const EncoderOptions& o, int64_t channels, int64_t image_size) {
  return std::make_shared<Conv4>(
      Conv4Options{.channels = channels, .width = o.width, .image_size = image_size});
}

VitOptions vit_options(const EncoderOptions& o, int64_t channels, int64_t image_size) {
  return {.channels = channels,
          .image_size = image_size,
          .patch = o.patch,
          .width = o.width,
          .depth = o.blocks,
          .heads = o.heads,
          .average_pool = o.pool == "average",
          .registers = o.registers,
          .quick_gelu = o.activation == "quick_gelu",
          .norm_eps = o.norm_eps,
          .projection = std::max(o.projection, int64_t{0})};
}

std::shared_ptr<Encoder> make_vit(const EncoderOptions& o, int64_t channels, int64_t image_size) {
  return std::make_shared<VisionTransformer>(vit_options(o, channels, image_size));
}

// Oquab et al., "DINOv2", 2023; registers: Darcet et al., ICLR 2024.
std::shared_ptr<Encoder> make_dinov2(const EncoderOptions& o, int64_t channels,
                                     int64_t image_size) {
  VitOptions options = vit_options(o, channels, image_size);
  options.layer_scale = true;
  return std::make_shared<VisionTransformer>(options);
}

// The image tower of Radford et al., "Learning transferable visual models", ICML 2021.
std::shared_ptr<Encoder> make_clip(const EncoderOptions& o, int64_t channels, int64_t image_size) {
  VitOptions options = vit_options(o, channels, image_size);
  options.norm_pre = true;
  options.patch_bias = false;
  return std::make_shared<VisionTransformer>(options);
}

std::shared_ptr<Encoder> make_resnet1d(const EncoderOptions& o, int64_t channels, int64_t length) {
  return std::make_shared<ResNet1d>(ResNet1dOptions{.channels = channels,
                                                    .width = o.width,
                                                    .stem_stride = stem_stride_of(length),
                                                    .blocks = o.blocks});
}

std::shared_ptr<Encoder> make_transformer1d(const EncoderOptions& o, int64_t channels,
                                            int64_t length) {
  return std::make_shared<Transformer1d>(Transformer1dOptions{.channels = channels,
                                                              .length = length,
                                                              .patch = o.patch,
                                                              .width = o.width,
                                                              .depth = o.blocks,
                                                              .heads = o.heads});
}

std::shared_ptr<Encoder> make_mlp(const EncoderOptions& o, int64_t features, int64_t) {
  return std::make_shared<Mlp>(
      MlpOptions{.features = features, .width = o.width, .depth = o.blocks});
}

// From 7 x 7 tokens on, at most about 14 x 14: the largest usual patch that leaves seven a side.
int64_t usual_patch(int64_t image_size) {
  for (const int64_t patch : {16, 14, 8, 7, 4, 2}) {
    if (image_size % patch == 0 && image_size / patch >= 7) return patch;
  }
  throw UserError("no usual patch divides images of {} pixels: set encoder.patch", image_size);
}

constexpr int64_t kHeadWidth = 64;
constexpr TransformerTraits kVit{.is_transformer = true, .has_registers = true};
constexpr TransformerTraits kDinov2{.is_transformer = true, .patch = 14, .has_registers = true};
constexpr TransformerTraits kClip{.is_transformer = true, .norm_eps = 1e-5, .projection = 512};
constexpr TransformerTraits kClipLarge{.is_transformer = true, .norm_eps = 1e-5, .projection = 768};

constexpr TransformerTraits kOverTime{.is_transformer = true};

// About 32 tokens.
void resolve_over_time(EncoderOptions& o, int64_t length) {
  if (o.patch == 0) o.patch = std::max<int64_t>(1, length / 32);
  if (o.heads == 0) o.heads = std::max<int64_t>(1, o.width / kHeadWidth);
}

void resolve_transformer(EncoderOptions& o, const TransformerTraits& traits, int64_t image_size) {
  if (o.patch == 0) {
    o.patch =
        traits.patch > 0 && image_size % traits.patch == 0 ? traits.patch : usual_patch(image_size);
  }
  if (o.pool == "auto") o.pool = "token";
  if (o.heads == 0 && o.width % kHeadWidth != 0) {
    throw UserError(
        "encoder.width is {}, but a transformer's must be a multiple of {}, unless "
        "encoder.heads is given",
        o.width, kHeadWidth);
  }
  if (o.heads == 0) o.heads = o.width / kHeadWidth;
  if (o.activation == "auto") o.activation = "gelu";
  if (o.norm_eps == 0) o.norm_eps = traits.norm_eps;
  if (o.projection == 0) o.projection = traits.projection;
}

void refuse(bool is_set, const std::string& encoder, const char* option) {
  if (is_set) throw UserError("encoder {} has no option encoder.{}", encoder, option);
}

}  // namespace

const std::vector<EncoderEntry>& encoder_catalogue() {
  static const std::vector<EncoderEntry> entries = {
      {"small",
       "residual network of four blocks: trains in minutes on a processor",
       make_small,
       32,
       4,
       false,
       {}},
      {"resnet18", "residual network of 18 layers", make_resnet18, 64, 0, true, {}},
      {"resnet34", "residual network of 34 layers", make_resnet34, 64, 0, true, {}},
      {"resnet50",
       "residual network of 50 layers with bottlenecks",
       make_resnet50,
       64,
       0,
       true,
       {}},
      {"conv4",
       "four convolutions with pools: the few-shot literature's",
       make_conv4,
       64,
       0,
       false,
       {}},
      {"vit_tiny", "vision transformer, 192 features, 12 blocks", make_vit, 192, 12, false, kVit},
      {"vit_small", "vision transformer, 384 features, 12 blocks", make_vit, 384, 12, false, kVit},
      {"vit_base", "vision transformer, 768 features, 12 blocks", make_vit, 768, 12, false, kVit},
      {"vit_large", "vision transformer, 1024 features, 24 blocks", make_vit, 1024, 24, false,
       kVit},
      {"dinov2_small", "DINOv2's transformer with layer scale, 384 features", make_dinov2, 384, 12,
       false, kDinov2},
      {"dinov2_base", "the same, 768 features", make_dinov2, 768, 12, false, kDinov2},
      {"dinov2_large", "the same, 1024 features, 24 blocks", make_dinov2, 1024, 24, false, kDinov2},
      {"clip_base", "CLIP's image transformer, 768 features projected to 512", make_clip, 768, 12,
       false, kClip},
      {"clip_large", "the same, 1024 features projected to 768, 24 blocks", make_clip, 1024, 24,
       false, kClipLarge},
      {"resnet1d",
       "residual network over time, for series and waves: trains in minutes on a processor",
       make_resnet1d,
       32,
       4,
       false,
       {},
       1},
      {"transformer1d", "transformer over time, 128 features, 4 blocks", make_transformer1d, 128, 4,
       false, kOverTime, 1},
      {"mlp", "three layers of 256, for vectors", make_mlp, 256, 3, false, {}, 0},
  };
  return entries;
}

const EncoderEntry& find_encoder(const std::string& name) {
  std::vector<std::string> names;
  for (const EncoderEntry& entry : encoder_catalogue()) {
    if (name == entry.name) return entry;
    names.emplace_back(entry.name);
  }
  throw UserError("encoder.name: there is no encoder '{}'{}", name, did_you_mean(name, names));
}

EncoderOptions resolve(const EncoderOptions& options, int64_t image_size) {
  return resolve(options, InputShape::image(3, image_size));
}

EncoderOptions resolve(const EncoderOptions& options, const InputShape& input) {
  constexpr int64_t kSmallImage = 64;
  const int64_t image_size = input.side();
  EncoderOptions o = options;
  if (o.name == "auto") {
    const char* usual[] = {"mlp", "resnet1d", image_size <= kSmallImage ? "small" : "resnet18"};
    o.name = usual[std::min<size_t>(input.extent.size(), 2)];
  }
  const EncoderEntry& entry = find_encoder(o.name);
  if (entry.dimensions != 0 && entry.dimensions != static_cast<int64_t>(input.extent.size())) {
    throw UserError("encoder {} takes {}, but the input is {}; see likewise list encoders", o.name,
                    entry.dimensions == 1 ? "channels x time" : "channels x height x width",
                    input.text());
  }
  refuse(o.blocks != 0 && entry.blocks == 0, o.name, "blocks");
  refuse(o.stem != "auto" && !entry.has_stem, o.name, "stem");
  refuse(o.zero_init && !entry.has_stem, o.name, "zero_init");
  const bool is_transformer = entry.transformer.is_transformer;
  refuse(o.patch != 0 && !is_transformer, o.name, "patch");
  const bool is_vision = is_transformer && entry.dimensions == 2;
  refuse(o.pool != "auto" && !is_vision, o.name, "pool");
  refuse(o.heads != 0 && !is_transformer, o.name, "heads");
  refuse(o.activation != "auto" && !is_vision, o.name, "activation");
  refuse(o.norm_eps != 0 && !is_vision, o.name, "norm_eps");
  refuse(o.registers != 0 && !entry.transformer.has_registers, o.name, "registers");
  refuse(o.projection > 0 && entry.transformer.projection == 0, o.name, "projection");
  if (o.width == 0) o.width = entry.width;
  if (o.blocks == 0) o.blocks = entry.blocks;
  if (o.stem == "auto" && entry.has_stem) o.stem = image_size <= kSmallImage ? "cifar" : "imagenet";
  if (is_transformer && entry.dimensions == 1) {
    resolve_over_time(o, image_size);
  } else if (is_transformer) {
    resolve_transformer(o, entry.transformer, image_size);
  }
  return o;
}

std::shared_ptr<Encoder> make_encoder(const EncoderOptions& options, int64_t channels,
                                      int64_t image_size, const Rng& rng) {
  return make_encoder(options, InputShape::image(channels, image_size), rng);
}

std::shared_ptr<Encoder> make_encoder(const EncoderOptions& options, const InputShape& input,
                                      const Rng& rng) {
  const EncoderOptions resolved = resolve(options, input);
  const EncoderEntry& entry = find_encoder(resolved.name);
  int64_t channels = input.channels;
  for (const int64_t length : input.extent) channels *= entry.dimensions == 0 ? length : 1;
  auto encoder = entry.make(resolved, channels, input.side());
  initialize(*encoder, rng);
  to_channels_last(*encoder);
  return encoder;
}

}  // namespace likewise
