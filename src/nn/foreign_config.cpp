#include "nn/foreign_config.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "likewise/base/text.hpp"

namespace likewise::detail {

namespace {

using nlohmann::json;

// config[a][b]..., or null.
const json& at_path(const json& config, std::initializer_list<const char*> keys) {
  static const json null;
  const json* here = &config;
  for (const char* key : keys) {
    if (!here->is_object() || !here->contains(key)) return null;
    here = &(*here)[key];
  }
  return *here;
}

int64_t integer_at(const json& config, std::initializer_list<const char*> keys) {
  const json& value = at_path(config, keys);
  const bool small =
      value.is_number_integer() && value.get<int64_t>() > 0 && value.get<int64_t>() < 1 << 20;
  return small ? value.get<int64_t>() : 0;
}

// Numbers in (0, 1], as many as `count`; otherwise empty.
std::vector<double> shares_at(const json& config, std::initializer_list<const char*> keys,
                              int64_t count) {
  const json& value = at_path(config, keys);
  std::vector<double> out;
  if (!value.is_array() || static_cast<int64_t>(value.size()) != count) return {};
  for (const json& item : value) {
    if (!item.is_number() || !(item.get<double>() >= 0) || item.get<double>() > 1) return {};
    out.push_back(item.get<double>());
  }
  return out;
}

struct Pixels {
  const char* name;
  std::vector<double> mean, std;
  double crop;
};

const Pixels& habit(Preparation preparation) {
  static const Pixels imagenet{"ImageNet's", {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}, 0.875};
  static const Pixels half{"0.5", {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, 1};
  static const Pixels clip{
      "CLIP's", {0.48145466, 0.4578275, 0.40821073}, {0.26862954, 0.26130258, 0.27577711}, 1};
  return preparation == Preparation::kClip   ? clip
         : preparation == Preparation::kHalf ? half
                                             : imagenet;
}

void apply_pixels(const json& config, const WeightFamily& family, ForeignEncoder& out) {
  const bool clip = family.clip || out.encoder.name.compare(0, 4, "clip") == 0;
  const Pixels& usual = habit(clip ? Preparation::kClip : family.preparation);
  out.mean = usual.mean;
  out.std = usual.std;
  out.crop = usual.crop;
  bool given = false;
  for (const auto& [mean, std] :
       {std::pair(shares_at(config, {"image_mean"}, 3), shares_at(config, {"image_std"}, 3)),
        {shares_at(config, {"pretrained_cfg", "mean"}, 3),
         shares_at(config, {"pretrained_cfg", "std"}, 3)},
        {shares_at(config, {"preprocess_cfg", "mean"}, 3),
         shares_at(config, {"preprocess_cfg", "std"}, 3)}}) {
    if (mean.empty() || std.empty() || *std::min_element(std.begin(), std.end()) <= 0) continue;
    out.mean = mean;
    out.std = std;
    given = true;
  }
  if (!given)
    out.assumed = fmt::format("pixels are normalised with {} mean and deviation", usual.name);
  const json& part = at_path(config, {"pretrained_cfg", "crop_pct"});
  if (part.is_number() && part.get<double>() > 0.1 && part.get<double>() <= 1)
    out.crop = part.get<double>();
  int64_t side = integer_at(config, {"crop_size", "height"});
  if (side == 0) side = integer_at(config, {"crop_size"});
  const int64_t edge = integer_at(config, {"size", "shortest_edge"});
  if (side > 0 && side <= 2048 &&
      (family.kind == NetworkKind::kResNet || side % out.encoder.patch == 0)) {
    out.image_size = side;
    if (edge >= side && edge <= 10 * side)
      out.crop = static_cast<double>(side) / static_cast<double>(edge);
  }
}

bool uses_quick_gelu(const WeightFile& file, const WeightFamily& family) {
  for (const auto& keys :
       {std::initializer_list<const char*>{"hidden_act"}, {"vision_config", "hidden_act"}}) {
    const json& act = at_path(file.config(), keys);
    if (act.is_string()) return act.get<std::string>() == "quick_gelu";
  }
  const json& quick = at_path(file.config(), {"model_cfg", "quick_gelu"});
  if (quick.is_boolean()) return quick.get<bool>();
  if (!family.clip) return lower(file.path()).find("openai") != std::string::npos;
  const bool hugging_face = std::string_view(family.anchors[0]).substr(0, 10) == "embeddings";
  const auto has = [&](const char* name) { return file.find(name) || file.values().count(name); };
  const bool of_openai =
      file.is_torchscript() || (has("input_resolution") && has("context_length"));
  return hugging_face || of_openai || lower(file.path()).find("quickgelu") != std::string::npos;
}

}  // namespace

void apply_config(const WeightFile& file, const WeightFamily& family, ForeignEncoder& out) {
  const json& config = file.config();
  apply_pixels(config, family, out);
  if (family.kind != NetworkKind::kTransformer) return;
  EncoderOptions& encoder = out.encoder;
  for (const auto& keys : {std::initializer_list<const char*>{"num_attention_heads"},
                           {"vision_config", "num_attention_heads"}}) {
    const int64_t heads = integer_at(config, keys);
    if (heads > 0 && encoder.width % heads == 0) encoder.heads = heads;
  }
  const int64_t head_width = integer_at(config, {"model_cfg", "vision_cfg", "head_width"});
  if (head_width > 0 && encoder.width % head_width == 0) encoder.heads = encoder.width / head_width;
  const json& eps = at_path(config, {"layer_norm_eps"});
  if (eps.is_number() && eps.get<double>() > 0 && eps.get<double>() < 1)
    encoder.norm_eps = eps.get<double>();
  if (encoder.name.compare(0, 4, "clip") == 0 && uses_quick_gelu(file, family)) {
    encoder.activation = "quick_gelu";
  }
}

}  // namespace likewise::detail
