#include "likewise/report/base64.hpp"

#include <array>

#include "likewise/base/error.hpp"

namespace likewise {

namespace {

constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> base64_values() {
  std::array<int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (size_t i = 0; i < kBase64Alphabet.size(); ++i) {
    values[static_cast<uint8_t>(kBase64Alphabet[i])] = static_cast<int8_t>(i);
  }
  return values;
}

constexpr auto kBase64Values = base64_values();

}  // namespace

std::string base64_encode(std::span<const uint8_t> bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t have = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (j < have ? bytes[i + j] : 0U);
    for (size_t j = 0; j < 4; ++j) {
      out += j <= have ? kBase64Alphabet[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return out;
}

std::vector<uint8_t> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) {
    throw DataError("base64 text has length {}; a multiple of 4 is expected", text.size());
  }
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const size_t digits = text.size() - padding;
  std::vector<uint8_t> out;
  out.reserve(text.size() / 4 * 3);
  uint32_t group = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const int value = i < digits ? kBase64Values[static_cast<uint8_t>(text[i])] : 0;
    if (value < 0) {
      throw DataError("base64 text has character {} at position {}; A-Z a-z 0-9 + / are expected",
                      static_cast<int>(static_cast<uint8_t>(text[i])), i);
    }
    group = group << 6 | static_cast<uint32_t>(value);
    if (i % 4 == 3) {
      const size_t drop = i + 1 == text.size() ? padding : 0;
      for (size_t j = 0; j + drop < 3; ++j) {
        out.push_back(static_cast<uint8_t>(group >> (16 - 8 * j)));
      }
      group = 0;
    }
  }
  return out;
}

std::string data_uri(std::string_view mime, std::span<const uint8_t> bytes) {
  return "data:" + std::string(mime) + ";base64," + base64_encode(bytes);
}

}  // namespace likewise
