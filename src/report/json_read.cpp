#include "report/json_read.hpp"

#include <string_view>

namespace likewise::report {

double as_number(const Json& value) { return value.is_number() ? value.get<double>() : kNan; }

std::string as_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return "";
}

const Json& child(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

double number(const Json& object, const char* key) { return as_number(child(object, key)); }

std::string text(const Json& object, const char* key) { return as_text(child(object, key)); }

const Json& list(const Json& object, const char* key) {
  static const Json empty = Json::array();
  const Json& found = child(object, key);
  return found.is_array() ? found : empty;
}

std::vector<std::string> texts(const Json& array) {
  std::vector<std::string> out;
  if (array.is_array()) {
    for (const Json& entry : array) out.push_back(as_text(entry));
  }
  return out;
}

namespace {

constexpr int kMostDepth = 64;  // writing JSON recurses; what lies deeper is left out

Json parse_shallow(const std::string& source) {
  const auto keep = [](int depth, Json::parse_event_t, Json&) { return depth < kMostDepth; };
  return Json::parse(source, keep, false);
}

}  // namespace

Json parse_forgiving(const std::string& source) {
  Json parsed = parse_shallow(source);
  if (!parsed.is_discarded()) return parsed;
  std::string mended;
  bool quoted = false;
  for (size_t i = 0; i < source.size(); ++i) {
    if (quoted) {
      if (source[i] == '\\' && i + 1 < source.size())
        mended += source[i++];
      else if (source[i] == '"')
        quoted = false;
      mended += source[i];
      continue;
    }
    bool replaced = false;
    for (std::string_view word :
         {"-Infinity", "Infinity", "-inf", "inf", "-NaN", "NaN", "-nan", "nan"}) {
      if (source.compare(i, word.size(), word) == 0) {
        mended += "null";
        i += word.size() - 1;
        replaced = true;
        break;
      }
    }
    if (replaced) continue;
    quoted = source[i] == '"';
    mended += source[i];
  }
  return parse_shallow(mended);
}

std::string script_json(const Json& value) {
  // Outside of strings JSON has no '<', so that every one may become an escape: neither </script>
  // nor <!-- can end the element early.
  const std::string plain = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out;
  out.reserve(plain.size());
  for (char c : plain) {
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  return out;
}

}  // namespace likewise::report
