#include "likewise/base/error.hpp"

#include <string_view>

namespace likewise {

namespace {

constexpr size_t kMostMessage = 2000;  // bytes

std::string printable(std::string_view message) {
  std::string out;
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (out.size() >= kMostMessage) {
      // Not within a character of several bytes.
      while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80)
        out.pop_back();
      if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xc0) out.pop_back();
      return out + " …";
    }
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Error::Error(const std::string& message, int exit_code)
    : std::runtime_error(printable(message)), exit_code_(exit_code) {}

}  // namespace likewise

namespace likewise::detail {

void check_failed(const char* expression, const char* file, int line, const std::string& message) {
  throw InvariantError(fmt::format("internal error: {} does not hold ({}) at {}:{}", expression,
                                   message, file, line));
}

}  // namespace likewise::detail
