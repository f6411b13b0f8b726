// What the libraries must be told to build the network, and whether they can.
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/kinds.hpp"
#include "likewise/io/foreign.hpp"
#include "likewise/version.hpp"

namespace likewise {

namespace {

using io_detail::is_resnet;
using io_detail::is_vit;

using nlohmann::ordered_json;

std::string not_known(const Network& network) {
  return "the encoder '" + network.encoder.name + "' is Likewise's own";
}

std::vector<int64_t> depths(const Network& network) {
  if (network.encoder.name == "resnet18") return {2, 2, 2, 2};
  return {3, 4, 6, 3};
}

void add_labels(ordered_json& config, const Network& network) {
  if (!network.head) return;
  ordered_json names = ordered_json::object(), numbers = ordered_json::object();
  for (size_t i = 0; i < network.head->class_names.size(); ++i) {
    names[std::to_string(i)] = network.head->class_names[i];
    numbers[network.head->class_names[i]] = i;
  }
  config["id2label"] = names;
  config["label2id"] = numbers;
}

}  // namespace

std::string missing_in_transformers(const Network& network) {
  if (is_vit(network)) {
    return network.encoder.pool == "average" ? "its ViT has no average over the patches" : "";
  }
  if (!is_resnet(network)) return not_known(network);
  return network.encoder.stem == "cifar" ? "its ResNet has no stem for small images" : "";
}

std::string missing_in_timm(const Network& network) {
  if (is_vit(network)) return "";
  if (!is_resnet(network)) return not_known(network);
  if (network.encoder.stem == "cifar") return "its ResNet has no stem for small images";
  return network.encoder.width != 64 ? "its ResNet is 64 channels wide at the start" : "";
}

std::string missing_in_torchvision(const Network& network) {
  if (is_vit(network)) {
    return network.encoder.pool == "average" ? "its ViT has no average over the patches" : "";
  }
  if (!is_resnet(network)) return not_known(network);
  return network.encoder.width != 64 ? "its ResNet is 64 channels wide at the start" : "";
}

ordered_json transformers_config(const Network& network) {
  const int64_t width = network.encoder.width;
  ordered_json config;
  if (!missing_in_transformers(network).empty()) {
    config = {{"architectures", {"LikewiseEncoder"}},
              {"model_type", "likewise_" + network.encoder.name},
              {"width", width}};
    if (network.encoder.blocks > 0) config["blocks"] = network.encoder.blocks;
    if (is_resnet(network)) config["stem"] = network.encoder.stem;
    if (is_vit(network)) {
      config["patch_size"] = network.encoder.patch;
      config["pool"] = network.encoder.pool;
    }
    config["image_size"] = network.image_size;
    config["hidden_size"] = network.feature_dim;
  } else if (is_vit(network)) {
    config = {{"architectures", {network.head ? "ViTForImageClassification" : "ViTModel"}},
              {"model_type", "vit"},
              {"hidden_size", width},
              {"num_hidden_layers", network.encoder.blocks},
              {"num_attention_heads", network.encoder.heads},
              {"intermediate_size", 4 * width},
              {"hidden_act", "gelu"},
              {"hidden_dropout_prob", 0.0},
              {"attention_probs_dropout_prob", 0.0},
              {"layer_norm_eps", 1e-6},
              {"image_size", network.image_size},
              {"patch_size", network.encoder.patch},
              {"encoder_stride", network.encoder.patch},
              {"qkv_bias", true},
              {"pooler_output_size", width},
              {"pooler_act", "linear"}};
  } else {
    const bool bottleneck = network.encoder.name == "resnet50";
    const int64_t first = bottleneck ? 4 * width : width;
    config = {{"architectures", {network.head ? "ResNetForImageClassification" : "ResNetModel"}},
              {"model_type", "resnet"},
              {"embedding_size", width},
              {"hidden_sizes", {first, 2 * first, 4 * first, 8 * first}},
              {"depths", depths(network)},
              {"layer_type", bottleneck ? "bottleneck" : "basic"},
              {"hidden_act", "relu"},
              {"downsample_in_first_stage", false},
              {"downsample_in_bottleneck", false}};
  }
  config["num_channels"] = network.channels;
  config["torch_dtype"] = "float32";
  config["likewise_version"] = kVersion;
  add_labels(config, network);
  return config;
}

ordered_json timm_config(const Network& network) {
  const bool vit = is_vit(network), known = missing_in_timm(network).empty();
  const int64_t classes = network.head ? network.head->bias.size(0) : 0;
  const std::string name = network.encoder.name;
  ordered_json config = {{"architecture", !known                ? "likewise_" + name
                                          : name == "vit_tiny"  ? "vit_tiny_patch16_224"
                                          : name == "vit_small" ? "vit_small_patch16_224"
                                          : name == "vit_base"  ? "vit_base_patch16_224"
                                          : name == "vit_large" ? "vit_large_patch16_224"
                                                                : name},
                         {"num_classes", classes},
                         {"num_features", network.feature_dim}};
  // Class token, or average of the patches and then the norm.
  const std::string pool = vit && network.encoder.pool != "average" ? "token" : "avg";
  ordered_json args = {{"in_chans", network.channels}, {"global_pool", pool}};
  if (vit) {
    args["img_size"] = network.image_size;
    args["patch_size"] = network.encoder.patch;
    args["embed_dim"] = network.encoder.width;
    args["depth"] = network.encoder.blocks;
    args["num_heads"] = network.encoder.heads;
  }
  config["global_pool"] = pool;
  config["model_args"] = args;
  config["pretrained_cfg"] = {
      {"tag", "likewise"},
      {"custom_load", false},
      {"input_size", {network.channels, network.image_size, network.image_size}},
      {"fixed_input_size", vit},
      {"interpolation", "bilinear"},
      {"crop_pct", network.crop},
      {"crop_mode", network.padded ? "border" : "center"},
      {"mean", network.mean},
      {"std", network.std},
      {"num_classes", classes},
      {"pool_size", nullptr},
      {"first_conv", vit ? "patch_embed.proj" : "conv1"},
      {"classifier", vit ? "head" : "fc"}};
  if (network.head) config["pretrained_cfg"]["label_names"] = network.head->class_names;
  return config;
}

ordered_json preprocessor_config(const Network& network) {
  constexpr int kBilinear = 2;
  const int64_t side = network.image_size;
  ordered_json config = {{"image_processor_type", "BitImageProcessor"},
                         {"do_convert_rgb", network.channels == 3},
                         {"do_resize", true},
                         {"resample", kBilinear}};
  if (network.padded) {
    // Margins are not among what this file can say: the card does.
    config["size"] = {{"height", side}, {"width", side}};
    config["do_center_crop"] = false;
  } else {
    config["size"] = {{"shortest_edge", std::llround(static_cast<double>(side) / network.crop)}};
    config["do_center_crop"] = true;
  }
  config["crop_size"] = {{"height", side}, {"width", side}};
  config["do_rescale"] = true;
  config["rescale_factor"] = 1.0 / 255;
  config["do_normalize"] = true;
  config["image_mean"] = network.mean;
  config["image_std"] = network.std;
  return config;
}

}  // namespace likewise
