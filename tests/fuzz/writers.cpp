// Writers: whatever they are given, what they write is read again, field by field.
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>

#include "fuzz/targets.hpp"
#include "likewise/base/file.hpp"
#include "likewise/formats/faiss.hpp"
#include "likewise/formats/onnx.hpp"

namespace likewise::fuzz {

namespace {

// Eats the fuzzer's bytes; zeros when there are none left.
class Source {
 public:
  explicit Source(Bytes bytes) : bytes_(bytes) {}
  uint8_t byte() {
    if (bytes_.empty()) return 0;
    const uint8_t value = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return value;
  }
  std::string text() {
    const size_t wanted = byte() % 24;
    const Bytes taken = bytes_.first(std::min(wanted, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return std::string(as_text(taken));
  }
  Bytes rest() const { return bytes_; }

 private:
  Bytes bytes_;
};

// The fields of a protobuf message: number -> contents of the length-delimited ones, in order.
// Every other field is checked for its length only.
std::map<uint64_t, std::vector<Bytes>> fields(Bytes message) {
  std::map<uint64_t, std::vector<Bytes>> found;
  const auto varint = [&] {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      promise(!message.empty() && shift < 64, "a varint ends");
      const uint8_t next = message[0];
      message = message.subspan(1);
      value |= uint64_t{next & 0x7fU} << shift;
      if (next < 0x80) return value;
    }
  };
  while (!message.empty()) {
    const uint64_t key = varint(), type = key & 7;
    if (type == 0) {
      varint();
      continue;
    }
    promise(type == 1 || type == 2 || type == 5, "a wire type that there is");
    const uint64_t size = type == 2 ? varint() : type == 1 ? 8 : 4;
    promise(size <= message.size(), "a field ends inside its message");
    if (type == 2) found[key >> 3].push_back(message.first(size));
    message = message.subspan(size);
  }
  return found;
}

bool same(Bytes a, Bytes b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

// A chain of operators with texts and attributes of any kind, and a constant of any bytes.
void onnx(Bytes bytes) {
  Source source(bytes);
  OnnxModel model;
  model.name = source.text();
  model.description = source.text();
  model.producer = source.text();
  model.metadata[source.text()] = source.text();
  model.inputs = {{"x", OnnxType::kFloat, {-1, source.byte()}}};
  std::string last = "x";
  const int count = source.byte() % 5;
  for (int i = 0; i < count; ++i) {
    OnnxNode node{source.text(), {last}, {"n" + std::to_string(i)}, {}, source.text()};
    const std::string key = source.text();
    switch (source.byte() % 5) {
      case 0:
        node.attributes[key] = int64_t{source.byte()} - 100;
        break;
      case 1:
        node.attributes[key] = static_cast<float>(source.byte());
        break;
      case 2:
        node.attributes[key] = std::vector<int64_t>(source.byte() % 9, -7);
        break;
      case 3:
        node.attributes[key] = std::vector<float>(source.byte() % 9, 0.5F);
        break;
      default:
        node.attributes[key] = source.text();
    }
    last = node.outputs[0];
    model.nodes.push_back(node);
  }
  model.outputs = {{last, OnnxType::kFloat, {-1, 1}}};
  const Bytes values = source.rest();
  model.constants = {{"w", OnnxType::kUint8, {static_cast<int64_t>(values.size())}, values}};

  const std::vector<uint8_t> file = onnx_bytes(model);
  // ModelProto: 2 producer, 7 graph; GraphProto: 1 node, 2 name, 5 constants; NodeProto: 4
  // operator; TensorProto: 9 values.
  const auto whole = fields(file);
  promise(whole.at(7).size() == 1, "one graph");
  const auto graph = fields(whole.at(7)[0]);
  promise(same(graph.at(2)[0], bytes_of(model.name)), "the graph's name");
  promise(graph.at(5).size() == 1 && same(fields(graph.at(5)[0]).at(9)[0], values),
          "the constant's values");
  const size_t nodes = graph.count(1) ? graph.at(1).size() : 0;
  promise(nodes == model.nodes.size(), "every operator");
  for (size_t i = 0; i < nodes; ++i) {
    const auto node = fields(graph.at(1)[i]);
    promise(same(node.at(4)[0], bytes_of(model.nodes[i].op)), "an operator's kind");
    promise(node.at(5).size() == 1, "an operator's attribute");
  }
}

// The first byte is the width, the others are values.
void faiss(Bytes bytes) {
  Source source(bytes);
  const int64_t width = source.byte();
  const auto metric = source.byte() % 2 ? FaissMetric::kL2 : FaissMetric::kInnerProduct;
  std::vector<float> values(source.rest().size() / sizeof(float));
  const size_t size = values.size() * sizeof(float);
  if (size > 0) std::memcpy(values.data(), source.rest().data(), size);
  static const std::string path = std::filesystem::temp_directory_path() /
                                  ("likewise-fuzz-" + std::to_string(getpid()) + ".index");
  write_faiss_flat(path, values, width, metric);
  const std::vector<uint8_t> file = read_bytes(path);
  std::filesystem::remove(path);
  constexpr size_t kHeader = 45;
  promise(file.size() == kHeader + size, "a header and the values");
  int32_t stored_width = 0;
  uint64_t stored_count = 0;
  std::memcpy(&stored_width, file.data() + 4, sizeof stored_width);
  std::memcpy(&stored_count, file.data() + kHeader - 8, sizeof stored_count);
  promise(stored_width == width && stored_count == values.size(), "their shape");
  promise(size == 0 || std::memcmp(file.data() + kHeader, values.data(), size) == 0,
          "the values as they are");
}

}  // namespace likewise::fuzz
