#pragma once
// Reads an ONNX file's bytes and computes its graph with libtorch's operators: a second opinion on
// what the writer wrote, as far as networks of ours need it.

#include <ATen/ATen.h>

#include <cstring>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace likewise {

// A message of protobuf: the fields of each number, in order.
struct ProtoFields {
  struct Field {
    uint64_t value = 0;              // varint, or the bits of a float
    std::span<const uint8_t> bytes;  // of texts and messages
    std::string text() const { return {bytes.begin(), bytes.end()}; }
  };
  std::map<uint32_t, std::vector<Field>> fields;

  explicit ProtoFields(std::span<const uint8_t> data) {
    size_t at = 0;
    const auto byte = [&] {
      if (at >= data.size()) throw std::runtime_error("protobuf: truncated");
      return data[at++];
    };
    const auto varint = [&] {
      uint64_t value = 0;
      for (int shift = 0;; shift += 7) {
        const uint8_t b = byte();
        value |= uint64_t{b & 0x7fU} << shift;
        if (b < 0x80) return value;
      }
    };
    while (at < data.size()) {
      const uint64_t key = varint();
      Field field;
      size_t size = 0;
      switch (key & 7) {
        case 0:
          field.value = varint();
          break;
        case 2:
          size = varint();
          break;
        case 5:
          size = 4;
          break;
        default:
          throw std::runtime_error("protobuf: wire type");
      }
      if (size > data.size() - at) throw std::runtime_error("protobuf: truncated");
      field.bytes = data.subspan(at, size);
      if ((key & 7) == 5) std::memcpy(&field.value, field.bytes.data(), 4);
      at += size;
      fields[static_cast<uint32_t>(key >> 3)].push_back(field);
    }
  }
  const std::vector<Field>& all(uint32_t number) const {
    static const std::vector<Field> none;
    const auto found = fields.find(number);
    return found == fields.end() ? none : found->second;
  }
  std::string text(uint32_t number) const {
    return all(number).empty() ? "" : all(number)[0].text();
  }
  int64_t integer(uint32_t number, int64_t otherwise = 0) const {
    return all(number).empty() ? otherwise : static_cast<int64_t>(all(number)[0].value);
  }
};

class OnnxRun {
 public:
  explicit OnnxRun(std::span<const uint8_t> file)
      : model_(file), graph_(model_.all(7).at(0).bytes) {
    for (const auto& field : graph_.all(5)) {
      const ProtoFields tensor(field.bytes);
      std::vector<int64_t> shape;
      for (const auto& extent : tensor.all(1)) shape.push_back(static_cast<int64_t>(extent.value));
      const auto raw = tensor.all(9).at(0).bytes;
      at::Tensor value = at::empty(shape, tensor.integer(2) == 1 ? at::kFloat : at::kLong);
      if (value.nbytes() != raw.size()) throw std::runtime_error("ONNX: size of a constant");
      std::memcpy(value.data_ptr(), raw.data(), raw.size());
      constants_[tensor.text(8)] = value;
    }
  }
  const ProtoFields& model() const { return model_; }
  const ProtoFields& graph() const { return graph_; }
  const std::map<std::string, at::Tensor>& constants() const { return constants_; }

  // Every value of the graph by name.
  std::map<std::string, at::Tensor> operator()(const std::string& input,
                                               const at::Tensor& x) const {
    std::map<std::string, at::Tensor> values = constants_;
    values[input] = x;
    for (const auto& field : graph_.all(1)) {
      const ProtoFields node(field.bytes);
      std::vector<at::Tensor> in;
      for (const auto& name : node.all(1)) in.push_back(values.at(name.text()));
      values[node.text(2)] = compute(node, in);
    }
    return values;
  }

 private:
  struct Attributes {
    std::map<std::string, std::vector<int64_t>> ints;
    std::map<std::string, float> floats;
  };
  static Attributes attributes(const ProtoFields& node) {
    Attributes out;
    for (const auto& field : node.all(5)) {
      const ProtoFields attribute(field.bytes);
      const std::string name = attribute.text(1);
      auto& ints = out.ints[name];
      for (const auto& value : attribute.all(8)) ints.push_back(static_cast<int64_t>(value.value));
      if (attribute.integer(20) == 2) ints = {attribute.integer(3)};
      if (attribute.integer(20) == 1) {
        const auto bits = static_cast<uint32_t>(attribute.all(2).at(0).value);
        std::memcpy(&out.floats[name], &bits, 4);
      }
    }
    return out;
  }
  static std::vector<int64_t> list(const at::Tensor& x) {
    return {x.data_ptr<int64_t>(), x.data_ptr<int64_t>() + x.numel()};
  }
  static at::Tensor compute(const ProtoFields& node, const std::vector<at::Tensor>& in) {
    const std::string op = node.text(4);
    Attributes a = attributes(node);
    if (op == "Conv") {
      return at::conv2d(in[0], in[1], in.size() > 2 ? in[2] : at::Tensor(), a.ints.at("strides"),
                        at::IntArrayRef(a.ints.at("pads")).slice(0, 2));
    }
    if (op == "BatchNormalization") {
      return at::batch_norm(in[0], in[1], in[2], in[3], in[4], false, 0, a.floats.at("epsilon"),
                            false);
    }
    if (op == "LayerNormalization") {
      return at::layer_norm(in[0], {in[0].size(-1)}, in[1], in[2], a.floats.at("epsilon"));
    }
    if (op == "MaxPool") {
      return at::max_pool2d(in[0], a.ints.at("kernel_shape"), a.ints.at("strides"),
                            at::IntArrayRef(a.ints.at("pads")).slice(0, 2));
    }
    if (op == "Relu") return in[0].relu();
    if (op == "Erf") return in[0].erf();
    if (op == "Add") return in[0] + in[1];
    if (op == "Sub") return in[0] - in[1];
    if (op == "Mul") return in[0] * in[1];
    if (op == "Div") return in[0] / in[1];
    if (op == "MatMul") return at::matmul(in[0], in[1]);
    if (op == "Identity") return in[0];
    if (op == "GlobalAveragePool") return in[0].mean({2, 3}, true);
    if (op == "Flatten") return in[0].flatten(1);
    if (op == "Softmax") return in[0].softmax(a.ints.at("axis").at(0));
    if (op == "Transpose") return in[0].permute(a.ints.at("perm")).contiguous();
    if (op == "Cast") return in[0].to(at::kFloat);
    if (op == "Concat") return at::cat(in, a.ints.at("axis").at(0));
    if (op == "Expand") return in[0].expand(list(in[1]));
    if (op == "ReduceMean") return in[0].mean(a.ints.at("axes"), a.ints.at("keepdims").at(0) != 0);
    if (op == "Gather") return in[0].select(a.ints.at("axis").at(0), in[1].item<int64_t>());
    if (op == "Shape") {
      const auto sizes = in[0].sizes().slice(a.ints.at("start").at(0), a.ints.at("end").at(0));
      return at::tensor(sizes, at::kLong);
    }
    if (op == "Reshape") {
      std::vector<int64_t> shape = list(in[1]);
      for (size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == 0) shape[i] = in[0].size(static_cast<int64_t>(i));
      }
      return in[0].reshape(shape);
    }
    if (op == "Slice") {
      return in[0].slice(in[3].item<int64_t>(), in[1].item<int64_t>(), in[2].item<int64_t>());
    }
    throw std::runtime_error("ONNX: operator " + op);
  }

  ProtoFields model_, graph_;
  std::map<std::string, at::Tensor> constants_;
};

}  // namespace likewise
