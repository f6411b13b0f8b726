// A network as a TorchScript archive: the parameters in a tree of script modules, and a forward
// function in TorchScript's own language, compiled and saved by libtorch.
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/io/encoder_graph.hpp"
#include "likewise/io/network.hpp"

namespace likewise {

namespace {

// How the forward function names the tensor a.0.b of its module: getattr(self.a, "0").b
std::string tensor_expression(const std::string& name) {
  std::string out = "self";
  for (const auto& part : split(name, '.')) {
    const bool number = std::isdigit(static_cast<unsigned char>(part[0])) != 0;
    out = number ? fmt::format("getattr({}, \"{}\")", out, part) : out + "." + part;
  }
  return out;
}

// Writes the lines of the function.
class ScriptBuilder : public GraphBuilder {
 public:
  explicit ScriptBuilder(const NamedTensors& parameters) {
    for (const auto& [name, tensor] : parameters) has_.insert(name);
  }

  Value conv(const Value& x, const std::string& layer, int64_t stride, int64_t padding) override {
    return line("torch.conv2d({}, {}, {}, [{}, {}], [{}, {}])", x, weight(layer),
                has_.count(layer + ".bias") ? bias(layer) : "None", stride, stride, padding,
                padding);
  }
  Value conv_in_time(const Value& x, const std::string& layer, int64_t stride,
                     int64_t padding) override {
    return line("torch.conv2d({}, {}, None, [1, {}], [0, {}])", x, weight(layer), stride, padding);
  }
  Value as_row(const Value& x) override { return line("{}.unsqueeze(2)", x); }
  Value batch_norm(const Value& x, const std::string& layer) override {
    return line("torch.batch_norm({}, {}, {}, {}, {}, False, 0.1, 1e-05, True)", x, weight(layer),
                bias(layer), tensor_expression(layer + ".running_mean"),
                tensor_expression(layer + ".running_var"));
  }
  Value relu(const Value& x) override { return line("torch.relu({})", x); }
  Value add(const Value& x, const Value& y) override { return line("torch.add({}, {})", x, y); }
  Value max_pool(const Value& x, int64_t kernel, int64_t stride, int64_t padding) override {
    return line("torch.max_pool2d({}, [{}, {}], [{}, {}], [{}, {}])", x, kernel, kernel, stride,
                stride, padding, padding);
  }
  Value average(const Value& x) override { return line("torch.mean({}, [2, 3])", x); }
  Value flatten(const Value& x) override { return line("torch.flatten({}, 1)", x); }
  Value linear(const Value& x, const std::string& layer) override {
    return line("torch.matmul({}, torch.t({})) + {}", x, weight(layer), bias(layer));
  }
  Value layer_norm(const Value& x, const std::string& layer) override {
    return line("torch.layer_norm({}, [{}.size(-1)], {}, {}, 1e-06)", x, x, weight(layer),
                bias(layer));
  }
  Value gelu(const Value& x) override { return line("torch.gelu({})", x); }
  Value tokens(const Value& x) override {
    return line("torch.transpose(torch.flatten({}, 2), 1, 2)", x);
  }
  Value prepend(const Value& x, const std::string& parameter) override {
    return line("torch.cat([{}.expand([{}.size(0), -1, -1]), {}], 1)", tensor_expression(parameter),
                x, x);
  }
  Value add_parameter(const Value& x, const std::string& parameter) override {
    return line("torch.add({}, {})", x, tensor_expression(parameter));
  }
  Value stretches(const Value& x, int64_t count, int64_t length) override {
    return line(
        "{0}.narrow(2, 0, {1}).reshape([{0}.size(0), {0}.size(1), {2}, {3}])"
        ".transpose(1, 2).flatten(2)",
        x, count * length, count, length);
  }
  Value attention(const Value& qkv, int64_t heads, int64_t /*width*/) override {
    const Value parts =
        line("{}.reshape([{}.size(0), {}.size(1), 3, {}, -1]).permute([2, 0, 3, 1, 4])", qkv, qkv,
             qkv, heads);
    const Value weights = line(
        "torch.softmax(torch.matmul({0}[0] / {0}.size(-1) ** 0.5, {0}[1].transpose(-2, -1)), -1)",
        parts);
    return line("torch.matmul({}, {}[2]).transpose(1, 2).flatten(2)", weights, parts);
  }
  Value first_token(const Value& x) override { return line("{}[:, 0]", x); }
  Value average_tokens(const Value& x) override { return line("torch.mean({}[:, 1:], [1])", x); }
  Value average_all_tokens(const Value& x) override { return line("torch.mean({}, [1])", x); }

  // The type float32 is number 6 in this language.
  Value normalise(const Value& image, GraphInput input) {
    const std::string order = input == GraphInput::kNhwc ? ".permute([0, 3, 1, 2])" : "";
    return line("(torch.to({}{}, 6) / 255 - self.image_mean) / self.image_std", image, order);
  }
  Value classify(const Value& features) {
    return line(
        "torch.softmax(torch.matmul({} - self.classifier.mean, "
        "torch.t(self.classifier.weight)) + self.classifier.bias, -1)",
        features);
  }

  std::string function(const std::string& input, const std::string& result) const {
    return "def forward(self, " + input + "):\n" + body_ + "    return " + result + "\n";
  }

 private:
  template <class... Args>
  Value line(fmt::format_string<Args...> format, Args&&... args) {
    const Value name = "x" + std::to_string(count_++);
    body_ += "    " + name + " = " + fmt::format(format, std::forward<Args>(args)...) + "\n";
    return name;
  }
  static std::string weight(const std::string& layer) {
    return tensor_expression(layer + ".weight");
  }
  static std::string bias(const std::string& layer) { return tensor_expression(layer + ".bias"); }

  std::set<std::string> has_;
  std::string body_;
  int count_ = 0;
};

// A module that holds `tensors` by the parts of their names.
torch::jit::Module module_of(const NamedTensors& tensors, const std::string& type,
                             const std::shared_ptr<torch::jit::CompilationUnit>& unit) {
  torch::jit::Module module(c10::QualifiedName("__torch__." + type), unit, /*shouldMangle=*/true);
  module.register_attribute("training", c10::BoolType::get(), false);
  std::vector<std::pair<std::string, NamedTensors>> children;
  for (const auto& [name, tensor] : tensors) {
    const size_t dot = name.find('.');
    if (dot == std::string::npos) {
      // Buffers: what is a statistic or a constant. No gradient is wanted of either.
      const bool buffer = name.starts_with("running_") || name.starts_with("num_") ||
                          name.starts_with("image_") || name == "mean";
      const Tensor kept = tensor.detach().to(at::kCPU).contiguous();
      if (buffer) {
        module.register_buffer(name, kept);
      } else {
        module.register_parameter(name, kept, false);
      }
      continue;
    }
    const std::string child = name.substr(0, dot);
    auto place = std::find_if(children.begin(), children.end(),
                              [&](const auto& known) { return known.first == child; });
    if (place == children.end()) place = children.emplace(place, child, NamedTensors());
    place->second.emplace_back(name.substr(dot + 1), tensor);
  }
  for (const auto& [name, held] : children) {
    const bool number = std::isdigit(static_cast<unsigned char>(name[0])) != 0;
    module.register_module(name, module_of(held, number ? "Layer" : name, unit));
  }
  return module;
}

Tensor per_channel(const std::vector<double>& values) {
  return at::tensor(values, at::kFloat).reshape({1, static_cast<int64_t>(values.size()), 1, 1});
}

}  // namespace

void write_torchscript_network(const std::filesystem::path& path, const Network& network,
                               GraphInput input,
                               const std::map<std::string, std::string>& metadata) {
  NamedTensors tensors = network.weights;
  ScriptBuilder builder(network.weights);
  LIKEWISE_CHECK(input == GraphInput::kPrepared || !network.other, "bytes of {}",
                 network.other->text());
  GraphBuilder::Value x = network.input_name();
  if (input != GraphInput::kPrepared) {
    x = builder.normalise(x, input);
    tensors.emplace_back("image_mean", per_channel(network.mean));
    tensors.emplace_back("image_std", per_channel(network.std));
  }
  std::string result =
      describe_encoder(network.encoder, network.shape(), network.weights, builder, x);
  if (network.head) {
    tensors.emplace_back("classifier.mean", network.head->mean);
    tensors.emplace_back("classifier.weight", network.head->weight);
    tensors.emplace_back("classifier.bias", network.head->bias);
    result = "(" + result + ", " + builder.classify(result) + ")";
  }
  const auto unit = std::make_shared<torch::jit::CompilationUnit>();
  torch::jit::Module module = module_of(tensors, "LikewiseEncoder", unit);
  module.define(builder.function(network.input_name(), result));
  std::ostringstream bytes;
  module.save(bytes, {metadata.begin(), metadata.end()});
  write_file(path, bytes.str());
}

}  // namespace likewise
