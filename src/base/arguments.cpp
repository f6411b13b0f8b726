// The words of a command line.
#include <fmt/format.h>

#include <algorithm>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/options.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

namespace {

std::string read_run_file(std::string_view path) {
  try {
    return read_text(std::string(path));
  } catch (const DataError& error) {
    throw UserError("@{}: {}", path, error.what());
  }
}

// Words may be joined by hyphens, too: --init-from is --init_from.
std::string underscored(std::string_view key) {
  std::string out(key);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

}  // namespace

Arguments parse_arguments(const std::vector<std::string>& words, Fields& fields) {
  Arguments out;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "-h" || word == "--help") {
      out.help = true;
    } else if (word.size() > 1 && word[0] == '@') {
      const std::string path = word.substr(1);
      fields.read_toml(read_run_file(path), path);
    } else if (word.compare(0, 2, "--") == 0 && word.size() > 2) {
      const auto equals = word.find('=');
      std::string key = word.substr(2, equals == std::string::npos ? equals : equals - 2);
      const std::string origin = "--" + key;
      if (!fields.find(key) && fields.find(underscored(key))) key = underscored(key);
      if (equals != std::string::npos) {
        fields.set(key, word.substr(equals + 1), origin);
        continue;
      }
      const Field* field = fields.find(key);
      if (!field && key.compare(0, 3, "no-") == 0) {
        const std::string positive_key = underscored(key.substr(3));
        const Field* positive = fields.find(positive_key);
        if (positive && positive->is_flag) {
          fields.set(positive_key, "false", origin);
          continue;
        }
      }
      if (!field) fields.set(key, "", origin);  // throws, naming the nearest keys
      const bool has_value = i + 1 < words.size() && words[i + 1].compare(0, 2, "--") != 0;
      if (field->is_flag) {
        // A flag takes the next word only when that is a truth value.
        const bool explicit_value =
            has_value && (words[i + 1] == "true" || words[i + 1] == "false");
        fields.set(key, explicit_value ? words[++i] : "true", origin);
      } else if (has_value) {
        fields.set(key, words[++i], origin);
      } else {
        throw UserError("{}: a value is missing; accepted: {}", origin, field->accepted);
      }
    } else if (word.size() > 1 && word[0] == '-') {
      throw UserError("unknown option '{}'; options are written --name", word);
    } else {
      out.positional.push_back(word);
    }
  }
  return out;
}

std::string peek_argument(const std::vector<std::string>& words, std::string_view key,
                          std::string_view fallback) {
  // A list with the one key: what else stands there is somebody else's, so it is skipped.
  std::string value(fallback);
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool is_option = word.compare(0, 2, "--") == 0;
    const auto equals = std::min(word.find('='), word.size());
    const bool is_key = is_option && underscored(word.substr(2, equals - 2)) == underscored(key);
    if (is_key && equals == word.size() && i + 1 < words.size()) {
      value = words[i + 1];
    } else if (is_key && equals < word.size()) {
      value = word.substr(equals + 1);
    } else if (word.size() > 1 && word[0] == '@') {
      value = peek_toml(read_run_file(word.substr(1)), word.substr(1), key, value);
    }
  }
  return value;
}

}  // namespace likewise
