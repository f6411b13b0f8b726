#include "likewise/io/encoder_graph.hpp"

#include <set>

#include "io/kinds.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/nn/resnet1d.hpp"

namespace likewise {

namespace {

using Value = GraphBuilder::Value;

// Walks an encoder whose parameters are `names`.
class Walk {
 public:
  Walk(const NamedTensors& parameters, GraphBuilder& builder) : b_(builder) {
    for (const auto& [name, tensor] : parameters) names_.insert(name);
  }

  // Two or three convolutions; the 3x3 one of a bottleneck, the first of two, has the stride.
  Value block(const Value& x, const std::string& name, int64_t stride) {
    const bool bottleneck = names_.count(name + ".conv3.weight") > 0;
    Value y = b_.conv(x, name + ".conv1", bottleneck ? 1 : stride, bottleneck ? 0 : 1);
    y = b_.relu(b_.batch_norm(y, name + ".bn1"));
    y = b_.batch_norm(b_.conv(y, name + ".conv2", bottleneck ? stride : 1, 1), name + ".bn2");
    if (bottleneck) {
      y = b_.batch_norm(b_.conv(b_.relu(y), name + ".conv3", 1, 0), name + ".bn3");
    }
    Value shortcut = x;
    if (names_.count(name + ".downsample.0.weight")) {
      shortcut =
          b_.batch_norm(b_.conv(x, name + ".downsample.0", stride, 0), name + ".downsample.1");
    }
    return b_.relu(b_.add(y, shortcut));
  }

  Value small(const EncoderOptions& options, const Value& x) {
    Value y = b_.relu(b_.batch_norm(b_.conv(x, "conv1", 2, 1), "bn1"));
    for (int64_t i = 0; i < options.blocks; ++i) {
      y = block(y, "blocks." + std::to_string(i), i == 1 || i == 2 ? 2 : 1);
    }
    return b_.average(y);
  }

  Value resnet(const EncoderOptions& options, const Value& x) {
    const bool imagenet = options.stem == "imagenet";
    Value y = b_.conv(x, "conv1", imagenet ? 2 : 1, imagenet ? 3 : 1);
    y = b_.relu(b_.batch_norm(y, "bn1"));
    if (imagenet) y = b_.max_pool(y, 3, 2, 1);
    for (int stage = 1; stage <= 4; ++stage) {
      for (int i = 0;; ++i) {
        const std::string name = "layer" + std::to_string(stage) + "." + std::to_string(i);
        if (!names_.count(name + ".conv1.weight")) break;
        y = block(y, name, stage > 1 && i == 0 ? 2 : 1);
      }
    }
    return b_.average(y);
  }

  Value conv4(const Value& x) {
    Value y = x;
    for (int i = 0; i < 4; ++i) {
      const std::string name = "blocks." + std::to_string(i);
      y = b_.relu(b_.batch_norm(b_.conv(y, name + ".conv", 1, 1), name + ".bn"));
      y = b_.max_pool(y, 2, 2, 0);
    }
    return b_.flatten(y);
  }

  Value transformer_blocks(const EncoderOptions& options, Value y) {
    for (int64_t i = 0; i < options.blocks; ++i) {
      const std::string name = "blocks." + std::to_string(i);
      const Value qkv = b_.linear(b_.layer_norm(y, name + ".norm1"), name + ".attn.qkv");
      const Value mixed = b_.attention(qkv, options.heads, options.width / options.heads);
      y = b_.add(y, b_.linear(mixed, name + ".attn.proj"));
      const Value hidden = b_.linear(b_.layer_norm(y, name + ".norm2"), name + ".mlp.fc1");
      y = b_.add(y, b_.linear(b_.gelu(hidden), name + ".mlp.fc2"));
    }
    return y;
  }

  Value vit(const EncoderOptions& options, const Value& x) {
    const bool average = options.pool == "average";
    Value y = b_.tokens(b_.conv(x, "patch_embed.proj", options.patch, 0));
    y = b_.add_parameter(b_.prepend(y, "cls_token"), "pos_embed");
    y = transformer_blocks(options, y);
    // The norm of one token is that of all tokens at this place.
    return average ? b_.layer_norm(b_.average_tokens(y), "fc_norm")
                   : b_.layer_norm(b_.first_token(y), "norm");
  }

  // `length` and `parameters` tell steps and kernels.
  Value resnet1d(const EncoderOptions& options, const NamedTensors& parameters, int64_t length,
                 const Value& x) {
    const auto conv = [&](const Value& y, const std::string& layer, int64_t stride) {
      int64_t kernel = 1;
      for (const auto& [name, tensor] : parameters) {
        if (name == layer + ".weight") kernel = tensor.size(3);
      }
      return b_.conv_in_time(y, layer, stride, kernel / 2);
    };
    Value y = b_.relu(b_.batch_norm(conv(b_.as_row(x), "conv1", stem_stride_of(length)), "bn1"));
    for (int64_t i = 0; i < options.blocks; ++i) {
      const std::string name = "blocks." + std::to_string(i);
      const int64_t stride = i >= 1 && i <= 3 ? 2 : 1;
      Value shortcut = y;
      if (names_.count(name + ".shortcut.weight")) {
        shortcut = b_.batch_norm(conv(y, name + ".shortcut", stride), name + ".shortcut_bn");
      }
      y = b_.relu(b_.batch_norm(conv(y, name + ".conv1", stride), name + ".bn1"));
      y = b_.batch_norm(conv(y, name + ".conv2", 1), name + ".bn2");
      y = b_.relu(b_.add(y, shortcut));
    }
    return b_.average(y);
  }

  Value transformer1d(const EncoderOptions& options, int64_t length, const Value& x) {
    Value y = b_.linear(b_.stretches(x, length / options.patch, options.patch), "embed");
    y = transformer_blocks(options, b_.add_parameter(y, "position"));
    return b_.layer_norm(b_.average_all_tokens(y), "norm");
  }

  Value mlp(const EncoderOptions& options, const Value& x) {
    Value y = b_.flatten(x);
    for (int64_t i = 0; i < options.blocks; ++i) {
      const std::string name = "blocks." + std::to_string(i);
      y = b_.relu(b_.batch_norm(b_.linear(y, name + ".linear"), name + ".bn"));
    }
    return y;
  }

 private:
  GraphBuilder& b_;
  std::set<std::string> names_;
};

}  // namespace

Value describe_encoder(const EncoderOptions& resolved, const InputShape& shape,
                       const NamedTensors& parameters, GraphBuilder& builder, const Value& x) {
  Walk walk(parameters, builder);
  if (resolved.name == "small") return walk.small(resolved, x);
  if (resolved.name == "resnet1d") return walk.resnet1d(resolved, parameters, shape.side(), x);
  if (resolved.name.starts_with("resnet")) return walk.resnet(resolved, x);
  if (resolved.name == "conv4") return walk.conv4(x);
  if (io_detail::is_plain_vit(resolved)) return walk.vit(resolved, x);
  if (resolved.name == "transformer1d") return walk.transformer1d(resolved, shape.side(), x);
  if (resolved.name == "mlp") return walk.mlp(resolved, x);
  throw UserError("encoder {} cannot be written as a graph yet; as weights it can", resolved.name);
}

}  // namespace likewise
