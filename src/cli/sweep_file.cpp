#include "cli/sweep_file.hpp"

#include <fmt/format.h>

#include <set>

#include "base/toml_text.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"

namespace likewise::cli {

namespace {

// The text of a key that takes one of `choices`; any text if there are none.
std::string chosen_text(const toml::node& node, const std::string& key, const std::string& file,
                        const std::vector<std::string>& choices) {
  const auto* text = node.as_string();
  for (const auto& choice : choices) {
    if (text && text->get() == choice) return choice;
  }
  if (text && choices.empty()) return text->get();
  throw UserError("{}:{}: {} takes {}", file, node.source().begin.line, key,
                  choices.empty() ? "a text" : "one of " + join(choices, ", "));
}

std::string value_text(const toml::node& node, const std::string& where) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  throw UserError("{}: a text, a number or a truth value is expected", where);
}

void add_words(const toml::table& table, const std::string& prefix, const std::string& file,
               std::vector<std::string>& words) {
  for (const auto& [key, node] : table) {
    const std::string full = prefix + std::string(key.str());
    if (const auto* nested = node.as_table()) {
      add_words(*nested, full + ".", file, words);
    } else {
      words.push_back("--" + full);
      words.push_back(value_text(node, fmt::format("{}:{}", file, node.source().begin.line)));
    }
  }
}

}  // namespace

Sweep read_sweep(std::string_view text, const std::string& file) {
  const toml::table table = detail::parse_toml(text, file);
  Sweep sweep;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (name == "seeds" && node.is_array()) {
      for (const auto& seed : *node.as_array()) {
        if (!seed.is_integer() || **seed.as_integer() < 0) {
          throw UserError("{}:{}: seeds are whole numbers from 0", file, seed.source().begin.line);
        }
        sweep.seeds.push_back(**seed.as_integer());
      }
    } else if (name == "pretrain" && node.is_table()) {
      add_words(*node.as_table(), "", file, sweep.pretrain);
    } else if (name == "evaluate" && node.is_table()) {
      add_words(*node.as_table(), "", file, sweep.evaluate);
    } else if (name == "select") {
      sweep.select = chosen_text(node, name, file, {"none", "health", "validation"});
    } else if (name == "select_column") {
      sweep.select_column = chosen_text(node, name, file, {});
    } else if (name == "fewshot" && node.is_table()) {
      sweep.episodes = true;
      add_words(*node.as_table(), "", file, sweep.fewshot);
    } else if (name == "setting" && node.is_array()) {
      for (const auto& item : *node.as_array()) {
        const auto* fields = item.as_table();
        if (!fields) throw UserError("{}: [[setting]] holds options", file);
        Setting setting;
        for (const auto& [option, value] : *fields) {
          if (option.str() == "name") setting.name = value.value_or(std::string());
        }
        toml::table rest = *fields;
        rest.erase("name");
        add_words(rest, "", file, setting.words);
        if (setting.name.empty()) setting.name = join(setting.words, " ");
        sweep.settings.push_back(setting);
      }
    } else {
      throw UserError("{}:{}: unknown key '{}'{}", file, node.source().begin.line, name,
                      did_you_mean(name, {"seeds", "pretrain", "evaluate", "fewshot", "setting",
                                          "select", "select_column"}));
    }
  }
  if (sweep.select.empty()) sweep.select = "none";
  if (!sweep.select_column.empty() && sweep.select != "validation") {
    throw UserError("{}: select_column goes with select = \"validation\"", file);
  }
  if (sweep.episodes && (!sweep.pretrain.empty() || !sweep.evaluate.empty())) {
    throw UserError(
        "{}: [fewshot] trains and measures by itself; [pretrain] and [evaluate] belong to "
        "another file",
        file);
  }
  if (sweep.seeds.empty()) sweep.seeds = {0};
  if (sweep.settings.empty()) sweep.settings.push_back({"default", {}});
  std::set<std::string> folders;
  for (const auto& setting : sweep.settings) {
    if (!folders.insert(folder_name(setting.name)).second) {
      throw UserError("{}: two settings share the folder '{}'; give each its own name", file,
                      folder_name(setting.name));
    }
  }
  return sweep;
}

Sweep read_sweep_file(const std::string& path) {
  std::string text;
  try {
    text = read_text(path);
  } catch (const DataError& error) {
    throw UserError("{}", error.what());
  }
  return read_sweep(text, path);
}

std::string folder_name(const std::string& name) {
  std::string out;
  for (char c : lower(name)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (plain)
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  const bool dots = out.find_first_not_of('.') == std::string::npos;  // "" and "..", too
  return dots ? "setting" : out;
}

}  // namespace likewise::cli
