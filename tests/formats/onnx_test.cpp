#include "likewise/formats/onnx.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "formats/protobuf.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "support/golden.hpp"

namespace likewise {
namespace {

using Bytes = std::vector<uint8_t>;
using detail::ProtoMessage;

Bytes bytes_of(const ProtoMessage& message) {
  return {message.bytes().begin(), message.bytes().end()};
}

// Bytes worked out by hand from the encoding's description.
TEST(Protobuf, FieldsHaveTheBytesOfTheWireFormat) {
  EXPECT_EQ(bytes_of(ProtoMessage().varint(1, 150)), (Bytes{0x08, 0x96, 0x01}));
  EXPECT_EQ(bytes_of(ProtoMessage().varint(1, 0)), (Bytes{0x08, 0x00}));
  EXPECT_EQ(bytes_of(ProtoMessage().varint(20, 127)), (Bytes{0xa0, 0x01, 0x7f}));
  EXPECT_EQ(bytes_of(ProtoMessage().integer(3, -1)),
            (Bytes{0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
  EXPECT_EQ(bytes_of(ProtoMessage().text(2, "testing")),
            (Bytes{0x12, 0x07, 't', 'e', 's', 't', 'i', 'n', 'g'}));
  EXPECT_EQ(bytes_of(ProtoMessage().float32(2, 1.0F)), (Bytes{0x15, 0, 0, 0x80, 0x3f}));
  EXPECT_EQ(bytes_of(ProtoMessage().float64(1, -2.0)), (Bytes{0x09, 0, 0, 0, 0, 0, 0, 0, 0xc0}));
  EXPECT_EQ(bytes_of(ProtoMessage().message(3, ProtoMessage().varint(1, 150))),
            (Bytes{0x1a, 0x03, 0x08, 0x96, 0x01}));
  const ProtoMessage long_text = ProtoMessage().text(1, std::string(300, 'x'));
  EXPECT_EQ(long_text.bytes()[1], 0xac);
  EXPECT_EQ(long_text.bytes()[2], 0x02);
  EXPECT_EQ(long_text.bytes().size(), 303U);
}

// The raw values behind a tensor's name in a file whose names are two letters long.
std::span<const uint8_t> raw_values(const Bytes& file, const std::string& name, size_t size) {
  const auto place = std::search(file.begin(), file.end(), name.begin(), name.end(),
                                 [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); });
  auto at = place;
  while (at != file.end() && !(at[2] == 0x4a && (at[3] == size || at[3] == (size | 0x80)))) {
    at = std::search(at + 1, file.end(), name.begin(), name.end(),
                     [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); });
  }
  if (at == file.end()) throw std::runtime_error("no values of " + name);
  const size_t begin = static_cast<size_t>(at - file.begin()) + (size < 128 ? 4 : 5);
  return {file.data() + begin, size};
}

// The same network through the onnx package gives these bytes.
TEST(Onnx, EqualsTheReferencesFileByteForByte) {
  const Bytes expected = read_bytes(Golden::path("formats/onnx/mlp.onnx"));
  OnnxModel model;
  model.name = "mlp";
  model.producer = "golden";
  model.nodes = {{"Gemm", {"x", "w1", "b1"}, {"h"}, {{"transB", int64_t{1}}}, ""},
                 {"Relu", {"h"}, {"r"}, {}, ""},
                 {"Gemm", {"r", "w2"}, {"y"}, {{"transB", int64_t{1}}}, ""}};
  model.constants = {{"w1", OnnxType::kFloat, {8, 6}, raw_values(expected, "w1", 192)},
                     {"b1", OnnxType::kFloat, {8}, raw_values(expected, "b1", 32)},
                     {"w2", OnnxType::kFloat, {4, 8}, raw_values(expected, "w2", 128)}};
  model.inputs = {{"x", OnnxType::kFloat, {-1, 6}}};
  model.outputs = {{"y", OnnxType::kFloat, {-1, 4}}};
  EXPECT_EQ(onnx_bytes(model), expected);
}

TEST(Onnx, EveryKindOfAttributeHasItsField) {
  OnnxModel model;
  model.inputs = {{"x", OnnxType::kUint8, {}}};
  model.outputs = {{"y", OnnxType::kFloat, {}}};
  model.nodes = {{"F",
                  {"x"},
                  {"y"},
                  {{"a", 0.5F},
                   {"b", std::string("s")},
                   {"c", std::vector<int64_t>{-1, 2}},
                   {"d", std::vector<float>{1}},
                   {"e", int64_t{3}}},
                  "n"}};
  const Bytes bytes = onnx_bytes(model);
  const auto contains = [&](const Bytes& part) {
    return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
  };
  EXPECT_TRUE(contains({0x2a, 0x0b, 0x0a, 1, 'a', 0x15, 0, 0, 0, 0x3f, 0xa0, 1, 1}));
  EXPECT_TRUE(contains({0x2a, 0x09, 0x0a, 1, 'b', 0x22, 1, 's', 0xa0, 1, 3}));
  EXPECT_TRUE(contains({0x0a, 1, 'c', 0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
                        0x40, 2, 0xa0, 1, 7}));
  EXPECT_TRUE(contains({0x0a, 1, 'd', 0x3d, 0, 0, 0x80, 0x3f, 0xa0, 1, 6}));
  EXPECT_TRUE(contains({0x0a, 1, 'e', 0x18, 3, 0xa0, 1, 2}));
  EXPECT_TRUE(contains({0x1a, 1, 'n', 0x22, 1, 'F'}));
}

TEST(Onnx, AGraphThatDoesNotHangTogetherIsOurMistake) {
  OnnxModel model;
  model.inputs = {{"x", OnnxType::kFloat, {-1, 2}}};
  model.outputs = {{"y", OnnxType::kFloat, {-1, 2}}};
  EXPECT_THROW(onnx_bytes(model), InvariantError) << "nothing gives y";
  model.nodes = {{"Add", {"x", "b"}, {"y"}, {}, ""}};
  EXPECT_THROW(onnx_bytes(model), InvariantError) << "nothing gives b";
  const Bytes four(4);
  model.constants = {{"b", OnnxType::kFloat, {2}, four}};
  EXPECT_THROW(onnx_bytes(model), InvariantError) << "b has too few bytes";
  model.constants = {{"b", OnnxType::kFloat, {1}, four}};
  EXPECT_NO_THROW(onnx_bytes(model));
  model.nodes.push_back(model.nodes[0]);
  EXPECT_THROW(onnx_bytes(model), InvariantError) << "y twice";
}

}  // namespace
}  // namespace likewise
