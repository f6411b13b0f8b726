#pragma once
// The protobuf wire format, as far as writing needs it: a message is its fields one after another,
// each a number with a wire type and a value. Wire types: 0 varint, 1 eight bytes, 2 length and
// bytes, 5 four bytes. Source: protobuf.dev, "Encoding".

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "formats/endian.hpp"

namespace likewise::detail {

class ProtoMessage {
 public:
  ProtoMessage& varint(uint32_t number, uint64_t value) {
    raw_varint(uint64_t{number} << 3);
    raw_varint(value);
    return *this;
  }
  // int64 and enum fields: negative numbers take ten bytes.
  ProtoMessage& integer(uint32_t number, int64_t value) {
    return varint(number, static_cast<uint64_t>(value));
  }
  ProtoMessage& float64(uint32_t number, double value) {
    raw_varint(uint64_t{number} << 3 | 1);
    append_little(bytes_, std::bit_cast<uint64_t>(value));
    return *this;
  }
  ProtoMessage& float32(uint32_t number, float value) {
    raw_varint(uint64_t{number} << 3 | 5);
    append_little(bytes_, std::bit_cast<uint32_t>(value));
    return *this;
  }
  ProtoMessage& bytes(uint32_t number, std::span<const uint8_t> value) {
    raw_varint(uint64_t{number} << 3 | 2);
    raw_varint(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  ProtoMessage& text(uint32_t number, std::string_view value) {
    return bytes(number, {reinterpret_cast<const uint8_t*>(value.data()), value.size()});
  }
  ProtoMessage& message(uint32_t number, const ProtoMessage& value) {
    return bytes(number, value.bytes_);
  }
  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  void raw_varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<uint8_t>(value));
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace likewise::detail
