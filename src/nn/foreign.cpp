#include "likewise/nn/foreign.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/nn/catalogue.hpp"
#include "nn/foreign_config.hpp"
#include "nn/weight_names.hpp"

namespace likewise {

namespace {

using detail::NetworkKind;
using detail::WeightFamily;

struct FoundEncoder {
  const WeightFamily* family;
  std::string prefix;
};

// Every prefix behind which all anchors of a family stand; the first family that fits a prefix.
std::vector<FoundEncoder> find_encoders(const WeightFile& file) {
  std::vector<FoundEncoder> found;
  std::set<std::string> seen;
  for (const WeightFamily& family : detail::weight_families()) {
    const std::string first = family.anchors[0];
    for (const auto& entry : file.entries()) {
      if (!entry.name.ends_with(first)) continue;
      const std::string prefix = entry.name.substr(0, entry.name.size() - first.size());
      if (!prefix.empty() && prefix.back() != '.' && prefix.back() != '/') continue;
      const bool complete =
          std::all_of(family.anchors.begin(), family.anchors.end(),
                      [&](const char* anchor) { return file.find(prefix + anchor) != nullptr; });
      if (complete && seen.insert(prefix).second) found.push_back({&family, prefix});
    }
  }
  return found;
}

// Smaller is more likely what its authors evaluate.
int rank_of(const std::string& prefix) {
  int rank = 0;
  for (const char* copy : {"momentum", "encoder_k", "key_encoder", "target", "backbone_momentum"}) {
    if (prefix.find(copy) != std::string::npos) rank += 10;
  }
  if (prefix.find("student") != std::string::npos) rank += 5;  // DINO evaluates its teacher
  if (prefix.find("ema") != std::string::npos) rank -= 1;
  return rank;
}

std::string prefix_text(const std::string& prefix) { return prefix.empty() ? "(none)" : prefix; }

[[noreturn]] void none_found(const WeightFile& file) {
  std::vector<std::string> first;
  for (const auto& entry : file.entries()) {
    if (first.size() < 3) first.push_back(entry.name);
  }
  throw UserError(
      "{}: no encoder is recognised among its {} tensors ({}{}); known are ResNet-18, 34 "
      "and 50, ViT, DINO, DINOv2 and CLIP's image transformer, in the names of "
      "torchvision, timm, Hugging Face and OpenCLIP",
      file.path(), file.entries().size(), join(first, ", "),
      file.entries().size() > first.size() ? ", ..." : "");
}

FoundEncoder choose(const WeightFile& file, const std::vector<FoundEncoder>& found,
                    const std::string& part) {
  if (found.empty()) none_found(file);
  if (part.empty()) {
    return *std::min_element(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return rank_of(a.prefix) < rank_of(b.prefix);
    });
  }
  std::vector<std::string> prefixes;
  for (const FoundEncoder& one : found) {
    const std::string& p = one.prefix;
    if (p == part || (p.size() == part.size() + 1 && p.compare(0, part.size(), part) == 0)) {
      return one;
    }
    prefixes.push_back(prefix_text(p));
  }
  throw UserError("{}: there is no encoder behind '{}'; there are: {}", file.path(), part,
                  join(prefixes, ", "));
}

// Tensors under our names; thirds of qkv are joined.
void collect(const WeightFile& file, const FoundEncoder& found, ForeignEncoder& out) {
  std::map<std::string, std::map<char, Tensor>> thirds;
  const auto take = [&](const std::string& name, const std::string& key) {
    for (const auto& rule : found.family->rules) {
      const auto named = detail::apply_rule(rule, name);
      if (!named) continue;
      Tensor tensor = file.read(key);
      if (named->part == 't') tensor = tensor.t().contiguous();
      if (named->part != 0 && named->part != 't') {
        thirds[named->name][named->part] = tensor;
      } else {
        out.tensors.emplace_back(named->name, tensor);
      }
      return true;
    }
    return false;
  };
  for (const auto& entry : file.entries()) {
    if (entry.name.compare(0, found.prefix.size(), found.prefix) != 0) continue;
    const std::string name = entry.name.substr(found.prefix.size());
    if (!take(name, entry.name)) out.left_over.push_back(name);
  }
  // CLIP of Hugging Face has its projection beside the tower.
  constexpr std::string_view kTower = "vision_model.";
  if (found.family->clip && found.prefix.ends_with(kTower)) {
    const std::string outer = found.prefix.substr(0, found.prefix.size() - kTower.size());
    const std::string key = outer + "visual_projection.weight";
    if (file.find(key)) take("visual_projection.weight", key);
  }
  for (auto& [name, parts] : thirds) {
    if (parts.size() != 3) {
      throw DataError("{}: of '{}{}' a part of query, key and value is missing", file.path(),
                      found.prefix, name);
    }
    out.tensors.emplace_back(name, at::cat({parts['q'], parts['k'], parts['v']}, 0));
  }
}

const Tensor* tensor_named(const ForeignEncoder& foreign, const std::string& name) {
  for (const auto& [key, tensor] : foreign.tensors) {
    if (key == name) return &tensor;
  }
  return nullptr;
}

// 1 + the largest number behind `prefix`: of blocks, of stages.
int64_t count_numbered(const ForeignEncoder& foreign, const std::string& prefix) {
  int64_t count = 0;
  for (const auto& [name, tensor] : foreign.tensors) {
    if (name.compare(0, prefix.size(), prefix) != 0) continue;
    count = std::max<int64_t>(count, 1 + std::atoll(name.c_str() + prefix.size()));
  }
  return count;
}

// An encoder is not built from a file that says it is large and holds little.
void check_size(const WeightFile& file, const ForeignEncoder& out, double expected) {
  double present = 0;
  for (const auto& [name, tensor] : out.tensors) present += static_cast<double>(tensor.numel());
  if (expected > 4 * present) {
    throw DataError("{}: {} of width {} would have some {:.3g} values; the file holds {:.3g} of it",
                    file.path(), out.family, out.encoder.width, expected, present);
  }
}

void describe_resnet(const WeightFile& file, ForeignEncoder& out) {
  if (file.find(out.prefix + "attnpool.q_proj.weight")) {
    throw UserError("{}: the image tower of CLIP is a ResNet here; only its transformers are read",
                    file.path());
  }
  std::vector<int64_t> blocks;
  for (int stage = 1; stage <= 4; ++stage) {
    blocks.push_back(count_numbered(out, fmt::format("layer{}.", stage)));
  }
  const bool bottleneck = tensor_named(out, "layer1.0.conv3.weight") != nullptr;
  EncoderOptions& encoder = out.encoder;
  if (!bottleneck && blocks == std::vector<int64_t>{2, 2, 2, 2}) encoder.name = "resnet18";
  if (!bottleneck && blocks == std::vector<int64_t>{3, 4, 6, 3}) encoder.name = "resnet34";
  if (bottleneck && blocks == std::vector<int64_t>{3, 4, 6, 3}) encoder.name = "resnet50";
  if (encoder.name == "auto") {
    throw UserError("{}: a ResNet of {} {}blocks; ResNet-18, 34 and 50 are known", file.path(),
                    join({std::to_string(blocks[0]), std::to_string(blocks[1]),
                          std::to_string(blocks[2]), std::to_string(blocks[3])},
                         " + "),
                    bottleneck ? "bottleneck " : "");
  }
  const Tensor& first = *tensor_named(out, "conv1.weight");
  if (first.dim() != 4 || (first.size(2) != 7 && first.size(2) != 3)) {
    throw UserError("{}: the first layer of this ResNet is neither 7 x 7 nor 3 x 3", file.path());
  }
  encoder.width = first.size(0);
  encoder.stem = first.size(2) == 7 ? "imagenet" : "cifar";
  out.channels = first.size(1);
  out.image_size = first.size(2) == 7 ? 224 : 32;
  check_size(file, out, 1e7 * std::pow(static_cast<double>(encoder.width) / 64, 2));
}

// Our names and shapes of the tokens: [1, 1 + L, D] with an entry for the class token.
void shape_tokens(const WeightFile& file, ForeignEncoder& out) {
  for (auto& [name, tensor] : out.tensors) {
    if (name == "cls_token") tensor = tensor.reshape({1, 1, tensor.numel()});
    if (name == "reg_token" && tensor.dim() == 2) tensor = tensor.unsqueeze(0);
    if (name != "pos_embed") continue;
    if (tensor.dim() == 2) tensor = tensor.unsqueeze(0);
    if (tensor.dim() != 3) {
      throw DataError("{}: a position embedding of {} dimensions", file.path(), tensor.dim());
    }
    const auto side = static_cast<int64_t>(std::sqrt(static_cast<double>(tensor.size(1))));
    if (side * side == tensor.size(1)) {  // none for the class token
      tensor = at::cat({at::zeros({1, 1, tensor.size(2)}, tensor.options()), tensor}, 1);
    }
  }
}

std::string nearest_name(const char* family, int64_t width) {
  const EncoderEntry* best = nullptr;
  for (const EncoderEntry& entry : encoder_catalogue()) {
    if (std::string_view(entry.name).substr(0, std::string_view(family).size()) != family) continue;
    if (!best || std::abs(entry.width - width) < std::abs(best->width - width)) best = &entry;
  }
  return best->name;
}

void describe_transformer(const WeightFile& file, const FoundEncoder& found, ForeignEncoder& out) {
  if (file.find(out.prefix + "dist_token")) {
    throw UserError("{}: a distilled DeiT, which has two class tokens; those with one are read",
                    file.path());
  }
  shape_tokens(file, out);
  const Tensor *patch = tensor_named(out, "patch_embed.proj.weight"),
               *positions = tensor_named(out, "pos_embed");
  if (!patch || !positions || patch->dim() != 4 || patch->size(2) != patch->size(3)) {
    throw UserError("{}: a transformer without square patches or positions", file.path());
  }
  for (const auto& [name, tensor] : out.tensors) {
    const bool is_token = name == "cls_token" || name == "reg_token" || name == "pos_embed";
    if (is_token &&
        (tensor.dim() != 3 || tensor.numel() == 0 || tensor.size(2) != patch->size(0))) {
      throw DataError("{}: the tensor '{}' does not have the shape of tokens", file.path(), name);
    }
  }
  if (patch->numel() == 0) throw DataError("{}: empty patches", file.path());
  EncoderOptions& encoder = out.encoder;
  const bool clip = found.family->clip || tensor_named(out, "norm_pre.weight");
  const bool layer_scale = tensor_named(out, "blocks.0.ls1.gamma") != nullptr;
  encoder.width = patch->size(0);
  encoder.patch = patch->size(2);
  encoder.blocks = count_numbered(out, "blocks.");
  encoder.name = nearest_name(clip ? "clip" : layer_scale ? "dinov2" : "vit", encoder.width);
  encoder.pool = tensor_named(out, "fc_norm.weight") ? "average" : "token";
  if (const Tensor* registers = tensor_named(out, "reg_token"))
    encoder.registers = registers->size(1);
  if (clip) {
    const Tensor* projection = tensor_named(out, "projection.weight");
    encoder.projection = projection ? projection->size(0) : -1;
  }
  check_size(
      file, out,
      12.0 * static_cast<double>(encoder.blocks) * std::pow(static_cast<double>(encoder.width), 2));
  encoder.norm_eps = found.family->norm_eps;
  out.channels = patch->size(1);
  const auto side =
      static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(positions->size(1) - 1))));
  out.image_size = side * encoder.patch;
  out.positions = {found.family->antialias, found.family->align_corners, found.family->offset};
  const bool moco_small = encoder.width == 384 && (found.prefix.ends_with("base_encoder.") ||
                                                   found.prefix.ends_with("momentum_encoder."));
  if (moco_small) encoder.heads = 12;  // MoCo v3's ViT-S has heads of 32 features
  if (layer_scale && found.family->offset != 0 && encoder.registers > 0) {
    out.positions = {true, false, 0};  // as the authors' models with registers do
  }
}

}  // namespace

namespace {

ForeignEncoder describe(const WeightFile& file, const std::string& part) {
  const auto encoders = find_encoders(file);
  const FoundEncoder found = choose(file, encoders, part);
  ForeignEncoder out;
  out.family = found.family->name;
  out.prefix = found.prefix;
  for (const FoundEncoder& other : encoders) {
    if (other.prefix != found.prefix) out.others.push_back(prefix_text(other.prefix));
  }
  collect(file, found, out);
  if (found.family->kind == NetworkKind::kResNet) {
    describe_resnet(file, out);
  } else {
    describe_transformer(file, found, out);
  }
  detail::apply_config(file, *found.family, out);
  // Made for 518 pixels, published numbers are at 224.
  if (out.encoder.name.compare(0, 6, "dinov2") == 0 && out.image_size == 518) out.image_size = 224;
  out.encoder = resolve(out.encoder, out.image_size);
  return out;
}

LoadReport load_adapted(torch::nn::Module& module, const ForeignEncoder& foreign) {
  NamedTensors fitted;
  std::vector<std::string> adapted;
  const NamedTensors targets = named_tensors(module);
  for (const auto& [name, tensor] : foreign.tensors) {
    const auto target =
        std::find_if(targets.begin(), targets.end(),
                     [&name = name](const auto& item) { return item.first == name; });
    Tensor fit = tensor;
    if (target != targets.end()) {
      const Tensor& to = target->second;
      if (name == "pos_embed" && to.dim() == 3 && fit.size(1) != to.size(1) &&
          fit.size(2) == to.size(2)) {
        const auto side_of = [](const Tensor& x) {
          return std::llround(std::sqrt(static_cast<double>(x.size(1) - 1)));
        };
        adapted.push_back(fmt::format("{} resampled from {} x {} to {} x {}", name, side_of(fit),
                                      side_of(fit), side_of(to), side_of(to)));
        fit = resample_positions(fit, side_of(to), foreign.positions);
      }
      const bool first = name == "patch_embed.proj.weight" || name == "conv1.weight";
      if (first && fit.dim() == 4 && to.dim() == 4 && fit.size(1) != to.size(1)) {
        adapted.push_back(fmt::format("{} from {} to {} channels", name, fit.size(1), to.size(1)));
        fit = change_channels(fit, to.size(1));
      }
      if (name == "patch_embed.proj.weight" && fit.size(2) != to.size(2)) {
        adapted.push_back(
            fmt::format("{} from patches of {} to {} pixels", name, fit.size(2), to.size(2)));
        fit = resample_patches(fit, to.size(2));
      }
    }
    fitted.emplace_back(name, fit);
  }
  LoadReport report = load_tensors(module, fitted, Match::kLenient);
  std::erase_if(report.missing,  // files from before torch 0.4.1 do not count batches
                [](const std::string& name) { return name.ends_with("num_batches_tracked"); });
  report.adapted = adapted;
  report.left_over = foreign.left_over;
  return report;
}

}  // namespace

// Shapes that no program writes end in the library's own errors, which name no file.
ForeignEncoder recognise(const WeightFile& file, const std::string& part) {
  try {
    return describe(file, part);
  } catch (const c10::Error& error) {
    throw DataError("{}: the tensors do not have the shapes of an encoder: {}", file.path(),
                    error.what_without_backtrace());
  }
}

LoadReport load_foreign(torch::nn::Module& module, const ForeignEncoder& foreign) {
  try {
    return load_adapted(module, foreign);
  } catch (const c10::Error& error) {
    throw DataError("the tensors of {} do not have the shapes of an encoder: {}", foreign.family,
                    error.what_without_backtrace());
  }
}

}  // namespace likewise
