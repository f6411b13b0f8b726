#include "report/run_data.hpp"

#include <fmt/format.h>

#include <cmath>
#include <sstream>

#include "base/toml_text.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"

namespace likewise::report {

namespace fs = std::filesystem;

namespace {

std::string toml_value(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* real = node.as_floating_point()) return fmt::format("{}", real->get());
  if (const auto* array = node.as_array()) {
    std::string out;
    for (const toml::node& entry : *array) out += (out.empty() ? "" : ", ") + toml_value(entry);
    return out;
  }
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  return out.str();
}

void flatten_toml(const toml::table& table, const std::string& prefix, OptionGroup& group) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const auto* inner = node.as_table())
      flatten_toml(*inner, name + ".", group);
    else
      group.entries.emplace_back(name, toml_value(node));
  }
}

void read_options(const fs::path& path, RunData& run) {
  try {
    const toml::table table = detail::parse_toml(read_text(path), path.filename().string());
    OptionGroup top;
    for (const auto& [key, node] : table) {
      if (!node.is_table()) top.entries.emplace_back(std::string(key.str()), toml_value(node));
    }
    if (!top.entries.empty()) run.options.push_back(std::move(top));
    for (const auto& [key, node] : table) {
      if (const auto* inner = node.as_table()) {
        OptionGroup group{std::string(key.str()), {}};
        flatten_toml(*inner, "", group);
        if (!group.entries.empty()) run.options.push_back(std::move(group));
      }
    }
  } catch (const UserError& error) {
    run.problems.push_back(
        fmt::format("{} could not be read: {}", path.filename().string(), error.what()));
  }
}

// A resumed run repeats the steps since its checkpoint: what came later counts.
void append_mark(Series& series, const Mark& mark) {
  while (!series.empty() && series.back().x >= mark.x) series.pop_back();
  series.push_back(mark);
}

void read_metrics(const fs::path& path, RunData& run) {
  std::istringstream lines(read_text(path));
  std::string line;
  int64_t bad = 0, row = 0, first_bad = 0;
  while (std::getline(lines, line)) {
    ++row;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json entry = parse_forgiving(line);
    if (!entry.is_object()) {
      if (bad++ == 0) first_bad = row;
      continue;
    }
    const std::string kind = text(entry, "kind");
    if (kind != "step" && kind != "health" && kind != "knn" && kind != "valid") continue;
    const double step = number(entry, "step"), epoch = number(entry, "epoch");
    const double x = std::isfinite(step) ? step : epoch;
    if (!std::isfinite(x)) continue;
    if (std::isfinite(step)) run.steps = std::fmax(run.steps, step);
    run.epochs = std::fmax(run.epochs, epoch);
    run.seconds = std::fmax(run.seconds, number(entry, "elapsed"));
    if (const std::string verdict = text(entry, "verdict"); !verdict.empty()) run.verdict = verdict;
    if (kind == "step" && entry.contains("loss") && !std::isfinite(number(entry, "loss")) &&
        std::isnan(run.first_bad_loss)) {
      run.first_bad_loss = x;
    }
    for (const auto& [key, value] : entry.items()) {
      const double v = as_number(value);
      if (key == "step" || key == "epoch" || !std::isfinite(v)) continue;
      append_mark(run.series[kind + "." + key], {x, epoch, v});
    }
  }
  // The last line of a run that was killed is often cut short; that alone is no news.
  if (bad > 1 || (bad == 1 && first_bad != row)) {
    run.problems.push_back(
        fmt::format("metrics.jsonl: {} lines are no JSON objects, the first is "
                    "line {}; they were left out",
                    bad, first_bad));
  }
}

void read_json_file(const fs::path& path, const char* shown, Json& into, RunData& run) {
  Json parsed = parse_forgiving(read_text(path));
  if (parsed.is_object())
    into = std::move(parsed);
  else
    run.problems.push_back(fmt::format("{} could not be read: it is no JSON object", shown));
}

}  // namespace

const Series& RunData::get(const std::string& key) const {
  static const Series empty;
  const auto found = series.find(key);
  return found == series.end() ? empty : found->second;
}

std::string RunData::option(std::initializer_list<const char*> names) const {
  for (const char* wanted : names) {
    for (const OptionGroup& group : options) {
      for (const auto& [key, value] : group.entries) {
        if ((group.name.empty() ? key : group.name + "." + key) == wanted && !value.empty()) {
          return value;
        }
      }
    }
  }
  return "";
}

std::string RunData::fact(const char* key, std::initializer_list<const char*> names) const {
  const std::string stated = text(summary, key);
  return stated.empty() ? option(names) : stated;
}

RunData read_run(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw UserError("'{}' is no folder; a run folder is expected", folder.string());
  }
  RunData run;
  const fs::path whole = fs::absolute(folder).lexically_normal();
  run.name =
      whole.has_filename() ? whole.filename().string() : whole.parent_path().filename().string();
  int found = 0;
  const auto there = [&](const fs::path& path) {
    std::error_code absent;
    const bool is = fs::is_regular_file(path, absent);
    found += is;
    return is;
  };
  // A file that cannot be read at all is a problem on the page, as is one that is damaged.
  const auto forgiving = [&](const fs::path& path, const auto& read) {
    if (!there(path)) return;
    try {
      read(path);
    } catch (const DataError& error) {
      run.problems.push_back(error.what());
    }
  };
  forgiving(folder / "run.toml", [&](const fs::path& path) { read_options(path, run); });
  forgiving(folder / "metrics.jsonl", [&](const fs::path& path) { read_metrics(path, run); });
  const std::pair<const char*, Json*> files[] = {
      {"evaluation.json", &run.evaluation},  {"report/summary.json", &run.summary},
      {"report/gallery.json", &run.gallery}, {"report/neighbours.json", &run.neighbours},
      {"report/map.json", &run.map},         {"report/episodes.json", &run.episodes}};
  for (const auto& [name, into] : files) {
    forgiving(folder / name, [&, shown = name, into = into](const fs::path& path) {
      read_json_file(path, shown, *into, run);
    });
  }
  if (found == 0) {
    throw UserError(
        "'{}' holds no run: none of run.toml, metrics.jsonl, evaluation.json and report/*.json is "
        "there",
        folder.string());
  }
  return run;
}

}  // namespace likewise::report
