// What the libraries call the parameters.
#include <ATen/ops/eye.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <regex>

#include "io/kinds.hpp"
#include "likewise/base/text.hpp"
#include "likewise/io/foreign.hpp"

namespace likewise {

namespace {

using io_detail::is_resnet;
using io_detail::is_vit;

// The first rule whose pattern a name matches as a whole says its new form.
struct Rule {
  const char* pattern;
  const char* form;
};

template <class Rules>
std::string renamed(const std::string& name, const Rules& rules) {
  for (const Rule& rule : rules) {
    const std::regex pattern(rule.pattern);
    if (std::regex_match(name, pattern)) return std::regex_replace(name, pattern, rule.form);
  }
  return name;
}

// A block's convolution i, from 1, is layer.(i - 1) there.
std::string resnet_in_transformers(const std::string& name) {
  static const std::regex block(R"(layer(\d)\.(\d+)\.(conv|bn)(\d)\.(\w+))");
  std::smatch m;
  if (std::regex_match(name, m, block)) {
    return fmt::format("encoder.stages.{}.layers.{}.layer.{}.{}.{}", std::stoi(m[1]) - 1,
                       m[2].str(), std::stoi(m[4]) - 1,
                       m[3] == "conv" ? "convolution" : "normalization", m[5].str());
  }
  static const std::regex shortcut(R"(layer(\d)\.(\d+)\.downsample\.(\d)\.(\w+))");
  if (std::regex_match(name, m, shortcut)) {
    return fmt::format("encoder.stages.{}.layers.{}.shortcut.{}.{}", std::stoi(m[1]) - 1,
                       m[2].str(), m[3] == "0" ? "convolution" : "normalization", m[4].str());
  }
  static constexpr Rule kStem[] = {{R"(conv1\.(\w+))", "embedder.embedder.convolution.$1"},
                                   {R"(bn1\.(\w+))", "embedder.embedder.normalization.$1"}};
  return renamed(name, kStem);
}

constexpr Rule kVitInTransformers[] = {
    {"cls_token", "embeddings.cls_token"},
    {"pos_embed", "embeddings.position_embeddings"},
    {R"(patch_embed\.proj\.(\w+))", "embeddings.patch_embeddings.projection.$1"},
    {R"(blocks\.(\d+)\.norm1\.(\w+))", "encoder.layer.$1.layernorm_before.$2"},
    {R"(blocks\.(\d+)\.norm2\.(\w+))", "encoder.layer.$1.layernorm_after.$2"},
    {R"(blocks\.(\d+)\.attn\.proj\.(\w+))", "encoder.layer.$1.attention.output.dense.$2"},
    {R"(blocks\.(\d+)\.mlp\.fc1\.(\w+))", "encoder.layer.$1.intermediate.dense.$2"},
    {R"(blocks\.(\d+)\.mlp\.fc2\.(\w+))", "encoder.layer.$1.output.dense.$2"},
    {R"(norm\.(\w+))", "layernorm.$1"}};

constexpr Rule kVitInTorchvision[] = {
    {"cls_token", "class_token"},
    {"pos_embed", "encoder.pos_embedding"},
    {R"(patch_embed\.proj\.(\w+))", "conv_proj.$1"},
    {R"(blocks\.(\d+)\.norm1\.(\w+))", "encoder.layers.encoder_layer_$1.ln_1.$2"},
    {R"(blocks\.(\d+)\.norm2\.(\w+))", "encoder.layers.encoder_layer_$1.ln_2.$2"},
    {R"(blocks\.(\d+)\.attn\.qkv\.(\w+))",
     "encoder.layers.encoder_layer_$1.self_attention.in_proj_$2"},
    {R"(blocks\.(\d+)\.attn\.proj\.(\w+))",
     "encoder.layers.encoder_layer_$1.self_attention.out_proj.$2"},
    {R"(blocks\.(\d+)\.mlp\.fc1\.(\w+))", "encoder.layers.encoder_layer_$1.mlp.0.$2"},
    {R"(blocks\.(\d+)\.mlp\.fc2\.(\w+))", "encoder.layers.encoder_layer_$1.mlp.3.$2"},
    {R"(norm\.(\w+))", "encoder.ln.$1"}};

void append_head(NamedTensors& out, const Network& network, const std::string& layer) {
  if (!network.head) return;
  out.emplace_back(layer + ".weight", network.head->weight);
  out.emplace_back(layer + ".bias", network.head->plain_bias());
}

// One matrix of queries, keys and values becomes three.
void append_split_qkv(NamedTensors& out, const std::string& name, const Tensor& tensor) {
  static const std::regex pattern(R"(blocks\.(\d+)\.attn\.qkv\.(\w+))");
  const char* parts[] = {"query", "key", "value"};
  for (int64_t i = 0; i < 3; ++i) {
    const std::string form = fmt::format("encoder.layer.$1.attention.attention.{}.$2", parts[i]);
    out.emplace_back(std::regex_replace(name, pattern, form),
                     tensor.chunk(3)[static_cast<size_t>(i)]);
  }
}

}  // namespace

Tensor LinearHead::plain_bias() const {
  return (bias.to(at::kDouble) - mean.to(at::kDouble).matmul(weight.to(at::kDouble).t()))
      .to(at::kFloat);
}

NamedTensors transformers_weights(const Network& network) {
  if (!missing_in_transformers(network).empty()) return timm_weights(network);
  NamedTensors out;
  const std::string prefix = !network.head ? "" : is_vit(network) ? "vit." : "resnet.";
  for (const auto& [name, tensor] : network.weights) {
    if (name.find(".attn.qkv.") != std::string::npos) {
      append_split_qkv(out, name, tensor);
    } else {
      out.emplace_back(
          is_vit(network) ? renamed(name, kVitInTransformers) : resnet_in_transformers(name),
          tensor);
    }
  }
  if (is_vit(network) && !network.head) {
    // Their model has one more layer behind the class token: here it lets everything through.
    out.emplace_back("pooler.dense.weight", at::eye(network.feature_dim));
    out.emplace_back("pooler.dense.bias", at::zeros({network.feature_dim}));
  }
  for (auto& [name, tensor] : out) name = prefix + name;
  append_head(out, network, is_vit(network) ? "classifier" : "classifier.1");
  return out;
}

NamedTensors timm_weights(const Network& network) {
  NamedTensors out = network.weights;
  append_head(out, network, is_vit(network) ? "head" : is_resnet(network) ? "fc" : "classifier");
  return out;
}

NamedTensors torchvision_weights(const Network& network) {
  if (!is_vit(network) || !missing_in_torchvision(network).empty()) return timm_weights(network);
  NamedTensors out;
  for (const auto& [name, tensor] : network.weights) {
    out.emplace_back(renamed(name, kVitInTorchvision), tensor);
  }
  append_head(out, network, "heads.head");
  return out;
}

}  // namespace likewise
