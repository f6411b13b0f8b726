#pragma once
// Networks in the ONNX format: a graph of operators in a protobuf message, written without any
// library for either. Source: onnx.proto3 of github.com/onnx/onnx, and its Operators.md.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace likewise {

enum class OnnxType : int32_t { kFloat = 1, kUint8 = 2, kInt64 = 7 };  // TensorProto.DataType

using OnnxAttribute =
    std::variant<int64_t, float, std::vector<int64_t>, std::vector<float>, std::string>;

// One operator of the standard set; an empty input name leaves out an optional input.
struct OnnxNode {
  std::string op;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, OnnxAttribute> attributes;
  std::string name;
};

// A constant: little-endian values in C order; the bytes stay the caller's.
struct OnnxTensor {
  std::string name;
  OnnxType type = OnnxType::kFloat;
  std::vector<int64_t> shape;
  std::span<const uint8_t> bytes;
};

// What goes in or comes out; an extent of -1 is the number of samples, any number: "batch".
struct OnnxValue {
  std::string name;
  OnnxType type = OnnxType::kFloat;
  std::vector<int64_t> shape;
};

// `nodes` are in an order in which every input exists before it is used.
struct OnnxModel {
  std::string name, description, producer, producer_version;
  int64_t opset = 17;
  int64_t ir_version = 8;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxTensor> constants;
  std::vector<OnnxValue> inputs, outputs;
  std::map<std::string, std::string> metadata;
};

// The bytes of the file. Throws UserError above protobuf's limit of 2 GiB, InvariantError when a
// node uses a name that does not exist yet or gives one that does, or when a constant's bytes do
// not fit its shape.
std::vector<uint8_t> onnx_bytes(const OnnxModel& model);

// The same as a file, written whole or not at all.
void write_onnx(const std::filesystem::path& path, const OnnxModel& model);

}  // namespace likewise
