#include "nn/weight_names.hpp"

namespace likewise::detail {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::vector<NameRule> operator+(std::vector<NameRule> a, const std::vector<NameRule>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Hugging Face's layers of ViT and DINOv2: the names of transformers up to 4, and from 5 on.
const std::vector<NameRule>& hugging_face_layers() {
  static const std::vector<NameRule> rules = [] {
    std::vector<NameRule> all;
    const std::vector<NameRule> inside = {
        {"attention.attention.query.*", "attn.qkv.*|q"},
        {"attention.attention.key.*", "attn.qkv.*|k"},
        {"attention.attention.value.*", "attn.qkv.*|v"},
        {"attention.output.dense.*", "attn.proj.*"},
        {"attention.q_proj.*", "attn.qkv.*|q"},
        {"attention.k_proj.*", "attn.qkv.*|k"},
        {"attention.v_proj.*", "attn.qkv.*|v"},
        {"attention.o_proj.*", "attn.proj.*"},
        {"layernorm_before.*", "norm1.*"},
        {"layernorm_after.*", "norm2.*"},
        {"norm1.*", "norm1.*"},
        {"norm2.*", "norm2.*"},
        {"layer_scale1.lambda1", "ls1.gamma"},
        {"layer_scale2.lambda1", "ls2.gamma"},
        {"intermediate.dense.*", "mlp.fc1.*"},
        {"output.dense.*", "mlp.fc2.*"},
        {"mlp.fc1.*", "mlp.fc1.*"},
        {"mlp.fc2.*", "mlp.fc2.*"},
    };
    static std::vector<std::string> texts;  // what the rules point to
    texts.reserve(4 * inside.size());
    for (const char* prefix : {"encoder.layer.#.", "layers.#."}) {
      for (const NameRule& rule : inside) {
        texts.push_back(std::string(prefix) + rule.theirs);
        const char* theirs = texts.back().c_str();
        texts.push_back(std::string("blocks.#.") + rule.ours);
        all.push_back({theirs, texts.back().c_str()});
      }
    }
    return all;
  }();
  return rules;
}

const std::vector<NameRule> kHuggingFaceEmbeddings = {
    {"embeddings.cls_token", "cls_token"},
    {"embeddings.position_embeddings", "pos_embed"},
    {"embeddings.register_tokens", "reg_token"},
    {"embeddings.patch_embeddings.projection.*", "patch_embed.proj.*"},
    {"layernorm.*", "norm.*"},
};

const std::vector<NameRule> kTimmNames = {
    {"cls_token", "cls_token"},
    {"pos_embed", "pos_embed"},
    {"reg_token", "reg_token"},
    {"register_tokens", "reg_token"},
    {"patch_embed.proj.*", "patch_embed.proj.*"},
    {"norm_pre.*", "norm_pre.*"},
    {"norm.*", "norm.*"},
    {"fc_norm.*", "fc_norm.*"},
    {"blocks.#.attn.*", "blocks.#.attn.*"},
    {"blocks.#.norm1.*", "blocks.#.norm1.*"},
    {"blocks.#.norm2.*", "blocks.#.norm2.*"},
    {"blocks.#.mlp.*", "blocks.#.mlp.*"},
    {"blocks.#.ls1.gamma", "blocks.#.ls1.gamma"},
    {"blocks.#.ls2.gamma", "blocks.#.ls2.gamma"},
};

// DINOv2's checkpoints of training keep blocks in groups; the second number counts them all.
const std::vector<NameRule> kGroupedNames = {
    {"cls_token", "cls_token"},
    {"pos_embed", "pos_embed"},
    {"register_tokens", "reg_token"},
    {"patch_embed.proj.*", "patch_embed.proj.*"},
    {"norm.*", "norm.*"},
    {"blocks.#.#.*", "blocks.##.*"},
};

// lightly and others keep torchvision's layers as a list: conv1, bn1, relu, maxpool, layer1, ...
const std::vector<NameRule> kListedResNet = {
    {"0.weight", "conv1.weight"}, {"1.*", "bn1.*"},        {"4.#.*", "layer1.#.*"},
    {"5.#.*", "layer2.#.*"},      {"6.#.*", "layer3.#.*"}, {"7.#.*", "layer4.#.*"},
};

// The same of the ResNet for small images that lightly has: conv1, bn1, layer1, ...
const std::vector<NameRule> kListedSmallResNet = {
    {"0.weight", "conv1.weight"},
    {"1.*", "bn1.*"},
    {"2.#.shortcut.*", "layer1.#.downsample.*"},
    {"3.#.shortcut.*", "layer2.#.downsample.*"},
    {"4.#.shortcut.*", "layer3.#.downsample.*"},
    {"5.#.shortcut.*", "layer4.#.downsample.*"},
    {"2.#.*", "layer1.#.*"},
    {"3.#.*", "layer2.#.*"},
    {"4.#.*", "layer3.#.*"},
    {"5.#.*", "layer4.#.*"},
};

// Many ResNets for small images call the downsampling path a shortcut.
const std::vector<NameRule> kTorchvisionResNet = {
    {"conv1.weight", "conv1.weight"},
    {"bn1.*", "bn1.*"},
    {"layer1.#.shortcut.*", "layer1.#.downsample.*"},
    {"layer2.#.shortcut.*", "layer2.#.downsample.*"},
    {"layer3.#.shortcut.*", "layer3.#.downsample.*"},
    {"layer4.#.shortcut.*", "layer4.#.downsample.*"},
    {"layer1.#.*", "layer1.#.*"},
    {"layer2.#.*", "layer2.#.*"},
    {"layer3.#.*", "layer3.#.*"},
    {"layer4.#.*", "layer4.#.*"},
};

std::vector<NameRule> hugging_face_resnet() {
  static std::vector<std::string> texts;
  texts.reserve(64);
  std::vector<NameRule> rules = {{"embedder.embedder.convolution.*", "conv1.*"},
                                 {"embedder.embedder.normalization.*", "bn1.*"}};
  const auto add = [&](std::string theirs, std::string ours) {
    texts.push_back(std::move(theirs));
    const char* first = texts.back().c_str();
    texts.push_back(std::move(ours));
    rules.push_back({first, texts.back().c_str()});
  };
  for (int stage = 0; stage < 4; ++stage) {
    const std::string theirs = "encoder.stages." + std::to_string(stage) + ".layers.#.",
                      ours = "layer" + std::to_string(stage + 1) + ".#.";
    for (int i = 0; i < 3; ++i) {
      const std::string layer = "layer." + std::to_string(i), number = std::to_string(i + 1);
      add(theirs + layer + ".convolution.*", ours + "conv" + number + ".*");
      add(theirs + layer + ".normalization.*", ours + "bn" + number + ".*");
    }
    add(theirs + "shortcut.convolution.*", ours + "downsample.0.*");
    add(theirs + "shortcut.normalization.*", ours + "downsample.1.*");
  }
  return rules;
}

}  // namespace

std::optional<NamedAs> apply_rule(const NameRule& rule, std::string_view name) {
  std::vector<std::string> captured;
  std::string_view pattern = rule.theirs;
  while (!pattern.empty()) {
    const char c = pattern.front();
    if (c == '*') {
      if (name.empty()) return std::nullopt;
      captured.emplace_back(name);
      name = {};
    } else if (c == '#') {
      size_t digits = 0;
      while (digits < name.size() && digits < 6 && is_digit(name[digits])) ++digits;
      if (digits == 0) return std::nullopt;
      captured.emplace_back(name.substr(0, digits));
      name.remove_prefix(digits);
    } else {
      if (name.empty() || name.front() != c) return std::nullopt;
      name.remove_prefix(1);
    }
    pattern.remove_prefix(1);
  }
  if (!name.empty()) return std::nullopt;
  NamedAs out;
  size_t next = 0;
  std::string_view ours = rule.ours;
  if (const auto bar = ours.find('|'); bar != std::string_view::npos) {
    out.part = ours[bar + 1];
    ours = ours.substr(0, bar);
  }
  for (size_t i = 0; i < ours.size(); ++i) {
    if (ours[i] == '#' && i + 1 < ours.size() && ours[i + 1] == '#') {
      ++next;  // "##": the second number stands for both
      continue;
    }
    if (ours[i] == '#' || ours[i] == '*') {
      out.name += captured.at(next++);
    } else {
      out.name += ours[i];
    }
  }
  return out;
}

const std::vector<WeightFamily>& weight_families() {
  static const std::vector<WeightFamily> families = {
      {.name = "a ResNet in torchvision's names",
       .anchors = {"layer1.0.conv1.weight", "conv1.weight", "bn1.weight"},
       .rules = kTorchvisionResNet,
       .kind = NetworkKind::kResNet},
      {.name = "a ResNet for small images as a list of layers",
       .anchors = {"2.0.conv1.weight", "0.weight", "1.running_mean", "5.0.conv1.weight"},
       .rules = kListedSmallResNet,
       .kind = NetworkKind::kResNet},
      {.name = "a ResNet as a list of torchvision's layers",
       .anchors = {"4.0.conv1.weight", "0.weight", "1.running_mean"},
       .rules = kListedResNet,
       .kind = NetworkKind::kResNet},
      {.name = "a ResNet in Hugging Face's names",
       .anchors = {"embedder.embedder.convolution.weight",
                   "encoder.stages.0.layers.0.layer.0.convolution.weight"},
       .rules = hugging_face_resnet(),
       .kind = NetworkKind::kResNet},
      {.name = "DINOv2 in its authors' names",
       .anchors = {"blocks.0.ls1.gamma", "mask_token", "pos_embed", "patch_embed.proj.weight"},
       .rules = kTimmNames,
       .kind = NetworkKind::kTransformer,
       .antialias = false,
       .offset = 0.1},
      {.name = "DINOv2 in its authors' names, blocks in groups",
       .anchors = {"blocks.0.0.attn.qkv.weight", "pos_embed", "patch_embed.proj.weight"},
       .rules = kGroupedNames,
       .kind = NetworkKind::kTransformer,
       .antialias = false,
       .offset = 0.1},
      {.name = "a transformer in timm's names",
       .anchors = {"blocks.0.attn.qkv.weight", "pos_embed", "patch_embed.proj.weight"},
       .rules = kTimmNames,
       .kind = NetworkKind::kTransformer},
      {.name = "a transformer in torchvision's names",
       .anchors = {"encoder.pos_embedding", "class_token", "conv_proj.weight"},
       .rules = {{"class_token", "cls_token"},
                 {"encoder.pos_embedding", "pos_embed"},
                 {"conv_proj.*", "patch_embed.proj.*"},
                 {"encoder.ln.*", "norm.*"},
                 {"encoder.layers.encoder_layer_#.ln_1.*", "blocks.#.norm1.*"},
                 {"encoder.layers.encoder_layer_#.ln_2.*", "blocks.#.norm2.*"},
                 {"encoder.layers.encoder_layer_#.self_attention.in_proj_weight",
                  "blocks.#.attn.qkv.weight"},
                 {"encoder.layers.encoder_layer_#.self_attention.in_proj_bias",
                  "blocks.#.attn.qkv.bias"},
                 {"encoder.layers.encoder_layer_#.self_attention.out_proj.*",
                  "blocks.#.attn.proj.*"},
                 {"encoder.layers.encoder_layer_#.mlp.0.*", "blocks.#.mlp.fc1.*"},
                 {"encoder.layers.encoder_layer_#.mlp.3.*", "blocks.#.mlp.fc2.*"},
                 {"encoder.layers.encoder_layer_#.mlp.linear_1.*", "blocks.#.mlp.fc1.*"},
                 {"encoder.layers.encoder_layer_#.mlp.linear_2.*", "blocks.#.mlp.fc2.*"}},
       .kind = NetworkKind::kTransformer,
       .antialias = false,
       .align_corners = true},
      {.name = "DINOv2 in Hugging Face's names",
       .anchors = {"encoder.layer.0.layer_scale1.lambda1", "embeddings.position_embeddings"},
       .rules = kHuggingFaceEmbeddings + hugging_face_layers(),
       .kind = NetworkKind::kTransformer,
       .norm_eps = 1e-6,
       .antialias = false},
      {.name = "a transformer in Hugging Face's names",
       .anchors = {"encoder.layer.0.layernorm_before.weight", "embeddings.position_embeddings"},
       .rules = kHuggingFaceEmbeddings + hugging_face_layers(),
       .kind = NetworkKind::kTransformer,
       .preparation = Preparation::kHalf,
       .norm_eps = 1e-12,
       .antialias = false},
      {.name = "a transformer in Hugging Face's names",
       .anchors = {"layers.0.layernorm_before.weight", "embeddings.position_embeddings"},
       .rules = kHuggingFaceEmbeddings + hugging_face_layers(),
       .kind = NetworkKind::kTransformer,
       .preparation = Preparation::kHalf,
       .norm_eps = 1e-12,
       .antialias = false},
      {.name = "CLIP's image transformer in OpenCLIP's names",
       .anchors = {"transformer.resblocks.0.attn.in_proj_weight", "class_embedding",
                   "positional_embedding", "conv1.weight", "ln_pre.weight"},
       .rules = {{"class_embedding", "cls_token"},
                 {"positional_embedding", "pos_embed"},
                 {"conv1.*", "patch_embed.proj.*"},
                 {"ln_pre.*", "norm_pre.*"},
                 {"ln_post.*", "norm.*"},
                 {"proj", "projection.weight|t"},
                 {"transformer.resblocks.#.ln_1.*", "blocks.#.norm1.*"},
                 {"transformer.resblocks.#.ln_2.*", "blocks.#.norm2.*"},
                 {"transformer.resblocks.#.attn.in_proj_weight", "blocks.#.attn.qkv.weight"},
                 {"transformer.resblocks.#.attn.in_proj_bias", "blocks.#.attn.qkv.bias"},
                 {"transformer.resblocks.#.attn.out_proj.*", "blocks.#.attn.proj.*"},
                 {"transformer.resblocks.#.mlp.c_fc.*", "blocks.#.mlp.fc1.*"},
                 {"transformer.resblocks.#.mlp.c_proj.*", "blocks.#.mlp.fc2.*"}},
       .kind = NetworkKind::kTransformer,
       .preparation = Preparation::kClip,
       .clip = true},
      {.name = "CLIP's image transformer in Hugging Face's names",
       .anchors = {"embeddings.class_embedding", "embeddings.patch_embedding.weight",
                   "pre_layrnorm.weight", "encoder.layers.0.self_attn.q_proj.weight"},
       .rules = {{"embeddings.class_embedding", "cls_token"},
                 {"embeddings.position_embedding.weight", "pos_embed"},
                 {"embeddings.patch_embedding.*", "patch_embed.proj.*"},
                 {"pre_layrnorm.*", "norm_pre.*"},
                 {"post_layernorm.*", "norm.*"},
                 {"visual_projection.weight", "projection.weight"},
                 {"encoder.layers.#.layer_norm1.*", "blocks.#.norm1.*"},
                 {"encoder.layers.#.layer_norm2.*", "blocks.#.norm2.*"},
                 {"encoder.layers.#.self_attn.q_proj.*", "blocks.#.attn.qkv.*|q"},
                 {"encoder.layers.#.self_attn.k_proj.*", "blocks.#.attn.qkv.*|k"},
                 {"encoder.layers.#.self_attn.v_proj.*", "blocks.#.attn.qkv.*|v"},
                 {"encoder.layers.#.self_attn.out_proj.*", "blocks.#.attn.proj.*"},
                 {"encoder.layers.#.mlp.fc1.*", "blocks.#.mlp.fc1.*"},
                 {"encoder.layers.#.mlp.fc2.*", "blocks.#.mlp.fc2.*"}},
       .kind = NetworkKind::kTransformer,
       .preparation = Preparation::kClip,
       .clip = true,
       .antialias = false},
  };
  return families;
}

}  // namespace likewise::detail
