#include "likewise/formats/onnx.hpp"

#include <set>

#include "formats/endian.hpp"
#include "formats/protobuf.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"

namespace likewise {

namespace {

using detail::ProtoMessage;

constexpr size_t kMostOnnxBytes = (size_t{1} << 31) - 1;  // of a protobuf message

int64_t onnx_item_size(OnnxType type) {
  switch (type) {
    case OnnxType::kUint8:
      return 1;
    case OnnxType::kFloat:
      return 4;
    case OnnxType::kInt64:
      return 8;
  }
  return 0;
}

// AttributeProto: name 1, f 2, i 3, s 4, floats 7, ints 8, type 20.
struct AttributeWriter {
  ProtoMessage& out;
  void operator()(int64_t value) const { out.integer(3, value).integer(20, 2); }
  void operator()(float value) const { out.float32(2, value).integer(20, 1); }
  void operator()(const std::string& value) const { out.text(4, value).integer(20, 3); }
  void operator()(const std::vector<int64_t>& values) const {
    for (const int64_t value : values) out.integer(8, value);
    out.integer(20, 7);
  }
  void operator()(const std::vector<float>& values) const {
    for (const float value : values) out.float32(7, value);
    out.integer(20, 6);
  }
};

// NodeProto: input 1, output 2, name 3, op_type 4, attribute 5.
ProtoMessage node_message(const OnnxNode& node) {
  ProtoMessage out;
  for (const auto& input : node.inputs) out.text(1, input);
  for (const auto& output : node.outputs) out.text(2, output);
  if (!node.name.empty()) out.text(3, node.name);
  out.text(4, node.op);
  for (const auto& [name, value] : node.attributes) {
    ProtoMessage attribute;
    attribute.text(1, name);
    std::visit(AttributeWriter{attribute}, value);
    out.message(5, attribute);
  }
  return out;
}

// TensorProto: dims 1, data_type 2, name 8, raw_data 9.
ProtoMessage tensor_message(const OnnxTensor& tensor) {
  ProtoMessage out;
  for (const int64_t extent : tensor.shape) out.integer(1, extent);
  return out.integer(2, static_cast<int64_t>(tensor.type))
      .text(8, tensor.name)
      .bytes(9, tensor.bytes);
}

// ValueInfoProto: name 1, type 2 {tensor_type 1 {elem_type 1, shape 2 {dim 1 {dim_value 1 |
// dim_param 2}}}}.
ProtoMessage value_message(const OnnxValue& value) {
  ProtoMessage shape, tensor, type, out;
  for (const int64_t extent : value.shape) {
    ProtoMessage dimension;
    if (extent < 0) {
      dimension.text(2, "batch");
    } else {
      dimension.integer(1, extent);
    }
    shape.message(1, dimension);
  }
  tensor.integer(1, static_cast<int64_t>(value.type)).message(2, shape);
  return out.text(1, value.name).message(2, type.message(1, tensor));
}

void check_graph(const OnnxModel& model) {
  std::set<std::string> known;
  const auto add = [&](const std::string& name) {
    LIKEWISE_CHECK(known.insert(name).second, "ONNX: the name '{}' twice", name);
  };
  size_t total = 0;
  for (const auto& input : model.inputs) add(input.name);
  for (const auto& constant : model.constants) {
    add(constant.name);
    const int64_t size = detail::checked_size(constant.shape, onnx_item_size(constant.type));
    LIKEWISE_CHECK(size == static_cast<int64_t>(constant.bytes.size()), "ONNX: '{}' has {} bytes",
                   constant.name, constant.bytes.size());
    total += constant.bytes.size();
  }
  if (total > kMostOnnxBytes) {
    throw UserError("the network has {} bytes of weights; an ONNX file holds at most 2 GiB", total);
  }
  for (const auto& node : model.nodes) {
    for (const auto& input : node.inputs) {
      LIKEWISE_CHECK(input.empty() || known.count(input), "ONNX: {} uses '{}'", node.op, input);
    }
    for (const auto& output : node.outputs) add(output);
  }
  for (const auto& output : model.outputs) {
    LIKEWISE_CHECK(known.count(output.name), "ONNX: nothing gives '{}'", output.name);
  }
}

}  // namespace

// ModelProto: ir_version 1, producer_name 2, producer_version 3, doc_string 6, graph 7,
// opset_import 8 {domain 1, version 2}, metadata_props 14 {key 1, value 2}. GraphProto: node 1,
// name 2, initializer 5, input 11, output 12.
std::vector<uint8_t> onnx_bytes(const OnnxModel& model) {
  check_graph(model);
  ProtoMessage graph;
  for (const auto& node : model.nodes) graph.message(1, node_message(node));
  graph.text(2, model.name);
  for (const auto& constant : model.constants) graph.message(5, tensor_message(constant));
  for (const auto& input : model.inputs) graph.message(11, value_message(input));
  for (const auto& output : model.outputs) graph.message(12, value_message(output));
  ProtoMessage out, opset;
  out.integer(1, model.ir_version);
  if (!model.producer.empty()) out.text(2, model.producer);
  if (!model.producer_version.empty()) out.text(3, model.producer_version);
  if (!model.description.empty()) out.text(6, model.description);
  out.message(7, graph).message(8, opset.text(1, "").integer(2, model.opset));
  for (const auto& [key, value] : model.metadata) {
    out.message(14, ProtoMessage().text(1, key).text(2, value));
  }
  if (out.bytes().size() > kMostOnnxBytes)
    throw UserError("the network does not fit an ONNX file of 2 GiB");
  return {out.bytes().begin(), out.bytes().end()};
}

void write_onnx(const std::filesystem::path& path, const OnnxModel& model) {
  write_file(path, onnx_bytes(model));
}

}  // namespace likewise
