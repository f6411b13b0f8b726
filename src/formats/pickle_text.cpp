#include "formats/pickle_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace likewise::detail {

namespace {

// The next `digits` hexadecimal digits of `text`, which are taken off; none: std::nullopt.
std::optional<uint32_t> hexadecimal(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value, 16);
  if (error != std::errc() || end != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

void append_utf8(std::string& out, uint32_t code) {
  const auto add = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 63));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 63));
    add(0x80 | (code & 63));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 63));
    add(0x80 | (code >> 6 & 63));
    add(0x80 | (code & 63));
  }
}

}  // namespace

std::optional<std::string> pickle_string(std::string_view line) {
  if (line.size() < 2 || line.front() != line.back() || (line[0] != '\'' && line[0] != '"')) {
    return std::nullopt;
  }
  line = line.substr(1, line.size() - 2);
  std::string out;
  while (!line.empty()) {
    const char c = line.front();
    line.remove_prefix(1);
    if (c != '\\') {
      out += c;
      continue;
    }
    if (line.empty()) return std::nullopt;
    const char escaped = line.front();
    line.remove_prefix(1);
    if (escaped == 'x') {
      const auto byte = hexadecimal(line, 2);
      if (!byte) return std::nullopt;
      out += static_cast<char>(*byte);
    } else if (escaped == 'n' || escaped == 'r' || escaped == 't') {
      out += escaped == 'n' ? '\n' : escaped == 'r' ? '\r' : '\t';
    } else if (escaped == '\\' || escaped == '\'' || escaped == '"') {
      out += escaped;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<std::string> pickle_unicode(std::string_view line) {
  std::string out;
  while (!line.empty()) {
    const auto c = static_cast<uint8_t>(line.front());
    line.remove_prefix(1);
    const bool escape = c == '\\' && !line.empty() && (line.front() == 'u' || line.front() == 'U');
    if (!escape) {
      append_utf8(out, c);
      continue;
    }
    const size_t digits = line.front() == 'u' ? 4 : 8;
    line.remove_prefix(1);
    const auto code = hexadecimal(line, digits);
    if (!code || *code > 0x10FFFF) return std::nullopt;
    append_utf8(out, *code);
  }
  return out;
}

std::optional<double> pickle_real(std::string_view line) {
  double value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (end != line.data() + line.size() || line.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // The standard leaves the value alone; too small and too large are told apart by the exponent.
    const bool tiny = line.find("e-") != std::string_view::npos;
    value = tiny ? 0 : std::numeric_limits<double>::infinity();
    return line.front() == '-' ? -value : value;
  }
  if (error != std::errc()) return std::nullopt;
  return value;
}

}  // namespace likewise::detail
