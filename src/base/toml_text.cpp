#include "base/toml_text.hpp"

#include <algorithm>

#include "likewise/base/error.hpp"

namespace likewise::detail {

namespace {

constexpr size_t kMostBytes = 4 << 20;
constexpr int64_t kMostDots = 4000;  // 30,000 nested tables fit the usual stack of 8 MB

// Each dot outside of texts may nest a table in another (those of numbers are counted along).
void check_depth(std::string_view text, const std::string& name) {
  int64_t line = 1, dots = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      quote = 0;  // in a text of several lines more dots are counted than there are: the safe side
    } else if (quote) {
      if (c == '\\' && quote == '"') ++i;
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '.' && ++dots > kMostDots) {
      throw UserError("{}:{}: more than {} dots in a file of options", name, line, kMostDots);
    }
  }
}

}  // namespace

toml::table parse_toml(std::string_view text, const std::string& name) {
  if (text.size() > kMostBytes) {
    throw UserError("{}: {} bytes are too many for a file of options; accepted are {}", name,
                    text.size(), kMostBytes);
  }
  check_depth(text, name);
  try {
    return toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    throw UserError("{}:{}:{}: not TOML: {}", name, error.source().begin.line,
                    error.source().begin.column, error.description());
  }
}

}  // namespace likewise::detail
