#include "likewise/base/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/toml_text.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

namespace {

std::string number_text(double value) {
  if (std::isnan(value)) return "auto";
  return fmt::format("{}", value);
}

std::string toml_quoted(std::string_view text) {
  if (!is_utf8(text)) {
    throw UserError("'{}' is not UTF-8, which a run file must be; rename it or use a link", text);
  }
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// A number is also given as `auto` when the default is NaN: "decide from the data".
double parse_number(std::string_view text, bool may_be_auto, Range range) {
  if (may_be_auto && (text == "auto" || text == "nan")) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= range.low) ||
      !(value <= range.high)) {
    throw std::invalid_argument("");
  }
  return value;
}

int64_t parse_integer(std::string_view text, Range range) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() ||
      static_cast<double>(value) < range.low || static_cast<double>(value) > range.high) {
    throw std::invalid_argument("");
  }
  return value;
}

std::string range_text(std::string_view what, Range range) {
  const bool low = range.low > -1e18, high = range.high < 1e18;
  if (low && high) return fmt::format("{} from {} to {}", what, range.low, range.high);
  if (low) return fmt::format("{} of at least {}", what, range.low);
  if (high) return fmt::format("{} of at most {}", what, range.high);
  return std::string(what);
}

template <class T>
std::string list_text(const std::vector<T>& values, std::string_view separator) {
  return fmt::format("{}", fmt::join(values, separator));
}

}  // namespace

Field& Fields::add(std::string_view name, std::string_view help) {
  Field field;
  field.key = prefix_ + std::string(name);
  field.help = help;
  LIKEWISE_CHECK(find(field.key) == nullptr, "option {} is described twice", field.key);
  fields_.push_back(std::move(field));
  return fields_.back();
}

void Fields::operator()(std::string_view name, bool& value, std::string_view help) {
  Field& f = add(name, help);
  f.accepted = "true or false";
  f.is_flag = true;
  f.get = f.get_toml = [&value] { return value ? "true" : "false"; };
  f.set = [&value](std::string_view text) {
    if (text == "true" || text == "yes" || text == "on" || text == "1") {
      value = true;
    } else if (text == "false" || text == "no" || text == "off" || text == "0") {
      value = false;
    } else {
      throw std::invalid_argument("");
    }
  };
  f.initial = f.get();
}

void Fields::operator()(std::string_view name, int64_t& value, std::string_view help, Range range) {
  Field& f = add(name, help);
  f.accepted = range_text("a whole number", range);
  f.get = f.get_toml = [&value] { return std::to_string(value); };
  f.set = [&value, range](std::string_view text) { value = parse_integer(text, range); };
  f.initial = f.get();
}

void Fields::operator()(std::string_view name, double& value, std::string_view help, Range range) {
  Field& f = add(name, help);
  const bool may_be_auto = std::isnan(value);
  f.accepted = range_text("a number", range) + (may_be_auto ? ", or auto" : "");
  f.get = [&value] { return number_text(value); };
  f.get_toml = [&value] {
    if (std::isnan(value)) return std::string("\"auto\"");
    std::string text = number_text(value);
    if (text.find_first_of(".en") == std::string::npos) text += ".0";
    return text;
  };
  f.set = [&value, range, may_be_auto](std::string_view text) {
    value = parse_number(text, may_be_auto, range);
  };
  f.initial = f.get();
}

void Fields::operator()(std::string_view name, std::string& value, std::string_view help,
                        Choices choices) {
  Field& f = add(name, help);
  f.accepted = choices.names.empty() ? "text" : join(choices.names, "|");
  f.get = [&value] { return value; };
  f.get_toml = [&value] { return toml_quoted(value); };
  f.set = [&value, names = choices.names](std::string_view text) {
    if (!names.empty() && std::find(names.begin(), names.end(), text) == names.end()) {
      throw std::invalid_argument("");
    }
    value = text;
  };
  f.initial = f.get();
}

void Fields::operator()(std::string_view name, std::vector<double>& value, std::string_view help) {
  Field& f = add(name, help);
  f.accepted = "numbers separated by commas";
  f.get = [&value] { return list_text(value, ","); };
  f.get_toml = [&value] {
    std::vector<std::string> parts;
    for (double v : value) {
      std::string text = number_text(v);
      if (text.find_first_of(".en") == std::string::npos) text += ".0";
      parts.push_back(text);
    }
    return "[" + join(parts, ", ") + "]";
  };
  f.set = [&value](std::string_view text) {
    std::vector<double> parsed;
    if (trim(text).empty()) return value.clear();
    for (const auto& part : split(text, ',')) {
      parsed.push_back(parse_number(trim(part), false, {-1e300, 1e300}));
    }
    value = std::move(parsed);
  };
  f.initial = f.get();
}

void Fields::operator()(std::string_view name, std::vector<int64_t>& value, std::string_view help) {
  Field& f = add(name, help);
  f.accepted = "whole numbers separated by commas";
  f.get = [&value] { return list_text(value, ","); };
  f.get_toml = [&value] { return "[" + list_text(value, ", ") + "]"; };
  f.set = [&value](std::string_view text) {
    std::vector<int64_t> parsed;
    if (trim(text).empty()) return value.clear();
    for (const auto& part : split(text, ',')) {
      parsed.push_back(parse_integer(trim(part), {-9e18, 9e18}));
    }
    value = std::move(parsed);
  };
  f.initial = f.get();
}

std::vector<std::string> Fields::keys() const {
  std::vector<std::string> out;
  for (const auto& field : fields_) out.push_back(field.key);
  return out;
}

const Field* Fields::find(std::string_view key) const {
  for (const auto& field : fields_) {
    if (field.key == key) return &field;
  }
  const std::string group = std::string(key) + ".";
  for (const auto& field : fields_) {
    if (field.key.compare(0, group.size(), group) == 0) return &field;
  }
  return nullptr;
}

void Fields::set(std::string_view key, std::string_view value, std::string_view origin) {
  const Field* field = find(key);
  if (!field) {
    throw UserError("{}: unknown option '{}'{}", origin, key, did_you_mean(key, keys()));
  }
  try {
    field->set(value);
  } catch (const std::invalid_argument&) {
    throw UserError("{}: '{}' is not a value of {}; accepted: {}", origin, value, field->key,
                    field->accepted);
  }
}

namespace {

// A scalar or an array of scalars, as the command line would spell it.
std::string toml_value_text(const toml::node& node, const std::string& where) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return number_text(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* list = node.as_array()) {
    std::vector<std::string> parts;
    for (const auto& item : *list) parts.push_back(toml_value_text(item, where));
    return join(parts, ",");
  }
  throw UserError("{}: dates are not used here", where);
}

using Assign =
    std::function<void(const std::string& key, const std::string& value, const std::string& where)>;

void walk_toml(const toml::table& table, const std::string& prefix, const std::string& name,
               const Assign& assign) {
  for (const auto& [key, node] : table) {
    const std::string full = prefix + std::string(key.str());
    const std::string where = fmt::format("{}:{}", name, node.source().begin.line);
    if (const auto* nested = node.as_table()) {
      walk_toml(*nested, full + ".", name, assign);
    } else {
      assign(full, toml_value_text(node, where), where);
    }
  }
}

void for_each_toml(std::string_view text, const std::string& name, const Assign& assign) {
  const toml::table table = detail::parse_toml(text, name);
  walk_toml(table, "", name, assign);
}

}  // namespace

void Fields::read_toml(std::string_view text, const std::string& name) {
  for_each_toml(text, name, [this](const auto& key, const auto& value, const auto& where) {
    set(key, value, where);
  });
}

std::string peek_toml(std::string_view text, const std::string& name, std::string_view key,
                      std::string_view fallback) {
  std::string found(fallback);
  for_each_toml(text, name, [&](const auto& full, const auto& value, const auto&) {
    if (full == key) found = value;
  });
  return found;
}

std::string Fields::to_toml() const {
  std::string out, group;
  const auto emit = [&](bool top_level) {
    for (const auto& field : fields_) {
      const auto dot = field.key.rfind('.');
      const std::string own = dot == std::string::npos ? "" : field.key.substr(0, dot);
      if (own.empty() != top_level) continue;
      if (own != group) {
        out += fmt::format("\n[{}]\n", own);
        group = own;
      }
      const std::string name = dot == std::string::npos ? field.key : field.key.substr(dot + 1);
      out += fmt::format("{} = {}\n", name, field.get_toml());
    }
  };
  emit(true);
  emit(false);
  return out;
}

std::string Fields::help() const {
  std::string out;
  for (const auto& field : fields_) {
    std::string left = "  --" + field.key;
    const bool listed = field.accepted.find('|') != std::string::npos;
    const std::string shown = field.initial.empty() ? "" : fmt::format(" [{}]", field.initial);
    out += fmt::format("{:<30}{}{}{}\n", left + (left.size() >= 29 ? "  " : ""), field.help,
                       listed ? ": " + field.accepted : "", shown);
  }
  return out;
}

}  // namespace likewise
