// A network as an ONNX graph.
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>
#include <unordered_map>

#include "likewise/base/error.hpp"
#include "likewise/formats/onnx.hpp"
#include "likewise/io/encoder_graph.hpp"
#include "likewise/io/network.hpp"
#include "likewise/version.hpp"

namespace likewise {

namespace {

class OnnxBuilder : public GraphBuilder {
  using Ints = std::vector<int64_t>;

 public:
  OnnxBuilder(OnnxModel& model, const NamedTensors& parameters) : model_(model) {
    for (const auto& [name, tensor] : parameters) parameters_.emplace(name, tensor);
  }

  Value conv(const Value& x, const std::string& layer, int64_t stride, int64_t padding) override {
    return conv_of(x, layer, {stride, stride}, {padding, padding, padding, padding});
  }
  Value conv_in_time(const Value& x, const std::string& layer, int64_t stride,
                     int64_t padding) override {
    return conv_of(x, layer, {1, stride}, {0, padding, 0, padding});
  }
  Value as_row(const Value& x) override {
    return node("Reshape", {x, integers("row.shape", {0, 0, 1, -1})});
  }
  Value conv_of(const Value& x, const std::string& layer, Ints strides, Ints pads) {
    const Tensor& weight = parameters_.at(layer + ".weight");
    std::vector<std::string> inputs = {x, parameter(layer + ".weight")};
    if (parameters_.count(layer + ".bias")) inputs.push_back(parameter(layer + ".bias"));
    return node("Conv", std::move(inputs), layer,
                {{"kernel_shape", Ints{weight.size(2), weight.size(3)}},
                 {"pads", std::move(pads)},
                 {"strides", std::move(strides)}});
  }
  Value batch_norm(const Value& x, const std::string& layer) override {
    return node("BatchNormalization",
                {x, parameter(layer + ".weight"), parameter(layer + ".bias"),
                 parameter(layer + ".running_mean"), parameter(layer + ".running_var")},
                layer, {{"epsilon", 1e-5F}});
  }
  Value relu(const Value& x) override { return node("Relu", {x}); }
  Value add(const Value& x, const Value& y) override { return node("Add", {x, y}); }
  Value max_pool(const Value& x, int64_t kernel, int64_t stride, int64_t padding) override {
    return node("MaxPool", {x}, "",
                {{"kernel_shape", Ints{kernel, kernel}},
                 {"pads", Ints{padding, padding, padding, padding}},
                 {"strides", Ints{stride, stride}}});
  }
  Value average(const Value& x) override { return flatten(node("GlobalAveragePool", {x})); }
  Value flatten(const Value& x) override { return node("Flatten", {x}); }

  Value linear(const Value& x, const std::string& layer) override {
    const Value y = node("MatMul", {x, transposed(layer + ".weight")}, layer);
    return node("Add", {y, parameter(layer + ".bias")}, layer + ".plus_bias");
  }
  Value layer_norm(const Value& x, const std::string& layer) override {
    return node("LayerNormalization", {x, parameter(layer + ".weight"), parameter(layer + ".bias")},
                layer, {{"epsilon", 1e-6F}});
  }
  // x/2 (1 + erf(x / sqrt 2))
  Value gelu(const Value& x) override {
    const Value scaled =
        node("Mul", {x, floats("gelu.scale", {static_cast<float>(std::sqrt(0.5))})});
    const Value part = node("Add", {node("Erf", {scaled}), floats("gelu.one", {1})});
    return node("Mul", {node("Mul", {x, part}), floats("gelu.half", {0.5F})});
  }
  Value tokens(const Value& x) override {
    const Value flat = node("Reshape", {x, integers("tokens.shape", {0, 0, -1})});
    return node("Transpose", {flat}, "", {{"perm", Ints{0, 2, 1}}});
  }
  Value prepend(const Value& x, const std::string& name) override {
    const Value batch = node("Shape", {x}, "", {{"start", int64_t{0}}, {"end", int64_t{1}}});
    const int64_t width = parameters_.at(name).size(2);
    const Value shape =
        node("Concat", {batch, integers(name + ".shape", {1, width})}, "", {{"axis", int64_t{0}}});
    return node("Concat", {node("Expand", {parameter(name), shape}), x}, "",
                {{"axis", int64_t{1}}});
  }
  Value add_parameter(const Value& x, const std::string& name) override {
    return node("Add", {x, parameter(name)});
  }
  Value stretches(const Value& x, int64_t count, int64_t length) override {
    const Value whole = node(
        "Slice", {x, integers("stretches.begin", {0}), integers("stretches.end", {count * length}),
                  integers("stretches.axis", {2})});
    const Value cut = node("Reshape", {whole, integers("stretches.cut", {0, 0, count, length})});
    const Value turned = node("Transpose", {cut}, "", {{"perm", Ints{0, 2, 1, 3}}});
    return node("Reshape", {turned, integers("stretches.join", {0, 0, -1})});
  }
  Value attention(const Value& qkv, int64_t heads, int64_t width) override {
    const Value split = node("Reshape", {qkv, integers("attention.split", {0, 0, 3, heads, -1})});
    const Value parts = node("Transpose", {split}, "", {{"perm", Ints{2, 0, 3, 1, 4}}});
    const auto part = [&](const char* name, int64_t index) {
      return node("Gather", {parts, integers(std::string("attention.") + name, {index}, true)}, "",
                  {{"axis", int64_t{0}}});
    };
    const Value q = part("q", 0), k = part("k", 1), v = part("v", 2);  // [N, heads, L, d]
    const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
    const Value scaled = node("Mul", {q, floats("attention.scale", {scale})});
    const Value turned = node("Transpose", {k}, "", {{"perm", Ints{0, 1, 3, 2}}});
    const Value weights =
        node("Softmax", {node("MatMul", {scaled, turned})}, "", {{"axis", int64_t{-1}}});
    const Value mixed =
        node("Transpose", {node("MatMul", {weights, v})}, "", {{"perm", Ints{0, 2, 1, 3}}});
    return node("Reshape", {mixed, integers("attention.join", {0, 0, -1})});
  }
  Value first_token(const Value& x) override {
    return node("Gather", {x, integers("token.first", {0}, true)}, "", {{"axis", int64_t{1}}});
  }
  Value average_tokens(const Value& x) override {
    const Value patches =
        node("Slice", {x, integers("token.second", {1}), integers("token.end", {INT32_MAX}),
                       integers("token.axis", {1})});
    return average_all_tokens(patches);
  }
  Value average_all_tokens(const Value& x) override {
    return node("ReduceMean", {x}, "", {{"axes", Ints{1}}, {"keepdims", int64_t{0}}});
  }

  // (uint8 / 255 - mean) / std
  Value normalise(const Value& image, GraphInput input, const std::vector<double>& mean,
                  const std::vector<double>& std) {
    Value x = node("Cast", {image}, "", {{"to", static_cast<int64_t>(OnnxType::kFloat)}});
    if (input == GraphInput::kNhwc) {
      x = node("Transpose", {x}, "", {{"perm", Ints{0, 3, 1, 2}}});
    }
    const auto channels = static_cast<int64_t>(mean.size());
    x = node("Div", {x, floats("image.levels", {255})});
    x = node("Sub", {x, floats("image.mean", {mean.begin(), mean.end()}, {1, channels, 1, 1})});
    return node("Div", {x, floats("image.std", {std.begin(), std.end()}, {1, channels, 1, 1})});
  }
  Value classify(const Value& features, const LinearHead& head) {
    add_tensor("classifier.mean", head.mean);
    add_tensor("classifier.weight", head.weight.t());
    add_tensor("classifier.bias", head.bias);
    const Value centred = node("Sub", {features, "classifier.mean"}, "classifier.centred");
    const Value product = node("MatMul", {centred, "classifier.weight"}, "classifier.product");
    const Value logits = node("Add", {product, "classifier.bias"}, "classifier.logits");
    return node("Softmax", {logits}, "classifier", {{"axis", int64_t{-1}}});
  }
  // Gives a value the name under which it leaves the graph.
  void name_output(const Value& value, const std::string& name) {
    node("Identity", {value}, "", {}, name);
  }

 private:
  Value node(const char* op, std::vector<std::string> inputs, const std::string& layer = "",
             std::map<std::string, OnnxAttribute> attributes = {}, const std::string& result = "") {
    std::string name = layer.empty() ? std::string(op) + "_" + std::to_string(count_++) : layer;
    const Value output = result.empty() ? name + ".out" : result;
    model_.nodes.push_back(
        {op, std::move(inputs), {output}, std::move(attributes), std::move(name)});
    return output;
  }

  void add_tensor(const std::string& name, const Tensor& tensor) {
    if (!known_.insert(name).second) return;
    held_.push_back(tensor.detach().to(at::kCPU).to(at::kFloat).contiguous());
    const Tensor& kept = held_.back();
    model_.constants.push_back(
        {name, OnnxType::kFloat, kept.sizes().vec(), tensor_view(name, kept).bytes});
  }
  std::string parameter(const std::string& name) {
    add_tensor(name, parameters_.at(name));
    return name;
  }
  // The product takes the matrix on the right; kept turned, so that no runtime has to.
  std::string transposed(const std::string& name) {
    add_tensor(name + "_t", parameters_.at(name).t());
    return name + "_t";
  }
  std::string floats(const std::string& name, const std::vector<float>& values, Ints shape = {}) {
    if (!known_.insert(name).second) return name;
    const auto& bytes = keep(values.data(), values.size() * sizeof(float));
    model_.constants.push_back({name, OnnxType::kFloat, std::move(shape), bytes});
    return name;
  }
  std::string integers(const std::string& name, const Ints& values, bool scalar = false) {
    if (!known_.insert(name).second) return name;
    const auto& bytes = keep(values.data(), values.size() * sizeof(int64_t));
    Ints shape;
    if (!scalar) shape.push_back(static_cast<int64_t>(values.size()));
    model_.constants.push_back({name, OnnxType::kInt64, std::move(shape), bytes});
    return name;
  }
  const std::vector<uint8_t>& keep(const void* data, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    return bytes_.emplace_back(bytes, bytes + size);
  }

  OnnxModel& model_;
  std::unordered_map<std::string, Tensor> parameters_;
  std::set<std::string> known_;
  std::deque<Tensor> held_;                 // what the model's constants look at
  std::deque<std::vector<uint8_t>> bytes_;  // the same
  int count_ = 0;
};

}  // namespace

void write_onnx_network(const std::filesystem::path& path, const Network& network, GraphInput input,
                        const std::map<std::string, std::string>& metadata) {
  OnnxModel model;
  model.name = "likewise_" + network.encoder.name;
  model.producer = "likewise";
  model.producer_version = kVersion;
  model.metadata = metadata;
  const bool raw = input != GraphInput::kPrepared;
  LIKEWISE_CHECK(!raw || !network.other, "bytes of {}", network.other->text());
  const InputShape taken = network.shape();
  std::vector<int64_t> shape = taken.batch(-1);
  if (input == GraphInput::kNhwc) std::rotate(shape.begin() + 1, shape.begin() + 2, shape.end());
  model.inputs = {{network.input_name(), raw ? OnnxType::kUint8 : OnnxType::kFloat, shape}};
  OnnxBuilder builder(model, network.weights);
  GraphBuilder::Value x = network.input_name();
  if (raw) x = builder.normalise(x, input, network.mean, network.std);
  const auto features = describe_encoder(network.encoder, taken, network.weights, builder, x);
  builder.name_output(features, "features");
  model.outputs = {{"features", OnnxType::kFloat, {-1, network.feature_dim}}};
  if (network.head) {
    builder.name_output(builder.classify(features, *network.head), "probabilities");
    model.outputs.push_back({"probabilities", OnnxType::kFloat, {-1, network.head->bias.size(0)}});
  }
  write_onnx(path, model);
}

}  // namespace likewise
