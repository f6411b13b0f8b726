#include "likewise/train/results_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "likewise/base/text.hpp"
#include "likewise/eval/table.hpp"

namespace likewise {

namespace {

using nlohmann::json;

void add_figure(Figures& out, const std::string& features, const std::string& column,
                const json& value) {
  if (!value.is_object() || !value.contains("mean") || !value["mean"].is_number()) return;
  if (std::find(out.columns.begin(), out.columns.end(), column) == out.columns.end()) {
    out.columns.push_back(column);
  }
  out.values[{features, column}] = value["mean"].get<double>();
}

// "5-way 1-shot", with the batch-norm mode where one is told.
std::string episode_column(const json& task) {
  const std::string norm = task.value("norm", "");
  return fmt::format("{}-way {}-shot{}", task.value("way", 0), task.value("shot", 0),
                     norm.empty() ? "" : ", " + norm);
}

// The values of one cell over all seeds.
std::vector<double> cell_values(const std::vector<Figures>& seeds, const std::string& features,
                                const std::string& column) {
  std::vector<double> out;
  for (const auto& figures : seeds) {
    const auto found = figures.values.find({features, column});
    if (found != figures.values.end()) out.push_back(found->second);
  }
  return out;
}

struct Row {
  std::string name, features;
  std::vector<Figures> seeds;
  std::vector<RunFacts> runs;
  std::vector<Figures> validation;
  bool chosen = false;
};

// " 5.1 | 890 | healthy |", or dashes.
std::string fact_cells(const std::vector<RunFacts>& runs) {
  if (runs.empty()) return " – | – | – |";
  double minutes = 0, megabytes = 0;
  std::string health;
  for (const RunFacts& run : runs) {
    minutes += run.minutes / static_cast<double>(runs.size());
    megabytes = std::max(megabytes, run.megabytes);
    if (health.find(run.health) == std::string::npos) {
      health += (health.empty() ? "" : ", ") + run.health;
    }
  }
  return fmt::format(" {:.1f} | {:.0f} | {} |", minutes, megabytes, health.empty() ? "–" : health);
}

std::vector<Row> rows_of(const std::vector<SettingFigures>& settings) {
  std::vector<Row> rows;
  for (const auto& setting : settings) {
    rows.push_back({setting.name, "Likewise", setting.seeds, setting.runs, setting.validation,
                    setting.chosen});
  }
  if (settings.empty()) return rows;
  const auto measured = [&](const char* name) {
    for (const Figures& figures : settings[0].seeds) {
      for (const auto& [key, value] : figures.values) {
        if (key.first == name) return true;
      }
    }
    return false;
  };
  const char* raw = measured("raw input") ? "raw input" : "raw pixels";
  for (const char* baseline : {raw, "untrained encoder"}) {
    rows.push_back({baseline, baseline, settings[0].seeds, {}, {}, false});
  }
  return rows;
}

std::vector<std::string> columns_of(const std::vector<SettingFigures>& settings,
                                    std::vector<Figures> SettingFigures::*of) {
  std::vector<std::string> columns;
  for (const auto& setting : settings) {
    for (const auto& figures : setting.*of) {
      for (const auto& column : figures.columns) {
        if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
          columns.push_back(column);
        }
      }
    }
  }
  return columns;
}

}  // namespace

Figures figures_of(const json& evaluation) {
  Figures out;
  for (const auto& protocol : evaluation.value("protocols", json::array())) {
    for (const auto& row : protocol.value("rows", json::array())) {
      add_figure(out, row.value("features", ""), protocol.value("name", ""),
                 row.value("accuracy", json()));
    }
  }
  if (evaluation.contains("few_label")) {
    const auto& table = evaluation["few_label"];
    for (const auto& row : table.value("rows", json::array())) {
      for (size_t i = 0; i < row.at("values").size(); ++i) {
        const auto labels = table.at("labels").at(i).get<int64_t>();
        add_figure(out, row.value("features", ""),
                   fmt::format("{} label{}", labels, labels == 1 ? "" : "s"), row.at("values")[i]);
      }
    }
  }
  for (const auto& task : evaluation.value("episodes", json::array())) {
    add_figure(out, task.value("features", ""), episode_column(task),
               task.value("accuracy", json()));
  }
  return out;
}

RunFacts run_facts(const json& summary, const std::string& metrics) {
  RunFacts facts;
  if (!summary.is_object()) return facts;
  facts.minutes = summary.value("seconds", 0.0) / 60;
  facts.megabytes = summary.value("peak_mb", 0.0);
  for (const auto& line : split(metrics, '\n')) {
    if (line.find("\"verdict\"") == std::string::npos) continue;
    const json look = json::parse(line, nullptr, false);
    if (!look.is_object()) continue;
    const std::string verdict = look.value("verdict", "");
    facts.health = verdict.substr(0, verdict.find_first_of(":;"));
    facts.rank = look.value("rank", 0.0);
    facts.alignment = look.value("alignment", 0.0);
    facts.uniformity = look.value("uniformity", 0.0);
  }
  return facts;
}

std::string markdown_table(const std::vector<SettingFigures>& settings) {
  const auto columns = columns_of(settings, &SettingFigures::seeds);
  const auto held_out = columns_of(settings, &SettingFigures::validation);
  std::string out = "| features |";
  for (const auto& column : columns) out += fmt::format(" {} |", column);
  for (const auto& column : held_out) out += fmt::format(" validation: {} |", column);
  const bool facts = std::any_of(settings.begin(), settings.end(),
                                 [](const SettingFigures& s) { return !s.runs.empty(); });
  if (facts) out += " minutes | MB | health |";
  out += "\n|---|";
  for (size_t i = 0; i < columns.size() + held_out.size() + (facts ? 3 : 0); ++i) out += "---|";
  out += "\n";
  for (const auto& row : rows_of(settings)) {
    out += fmt::format("| {}{} |", row.name, row.chosen ? " ← chosen" : "");
    const auto add_cells = [&](const std::vector<Figures>& seeds, const auto& names) {
      for (const auto& column : names) {
        const auto values = cell_values(seeds, row.features, column);
        out += values.empty() ? " – |" : fmt::format(" {} |", mean_t(values).text());
      }
    };
    add_cells(row.seeds, columns);
    add_cells(row.validation, held_out);
    if (facts) out += fact_cells(row.runs);
    out += "\n";
  }
  return out;
}

json json_table(const std::vector<SettingFigures>& settings) {
  json out = json::array();
  for (const auto& row : rows_of(settings)) {
    const auto cells_of = [&](const std::vector<Figures>& seeds,
                              std::vector<Figures> SettingFigures::*of) {
      json cells = json::object();
      for (const auto& column : columns_of(settings, of)) {
        const auto values = cell_values(seeds, row.features, column);
        if (values.empty()) continue;
        const auto interval = mean_t(values);
        cells[column] = {
            {"mean", interval.mean},
            {"half_width", std::isnan(interval.half_width) ? json() : json(interval.half_width)},
            {"values", values}};
      }
      return cells;
    };
    out.push_back({{"name", row.name},
                   {"features", row.features},
                   {"figures", cells_of(row.seeds, &SettingFigures::seeds)}});
    if (!row.validation.empty()) {
      out.back()["validation"] = cells_of(row.validation, &SettingFigures::validation);
    }
    if (row.chosen) out.back()["chosen"] = true;
  }
  return out;
}

}  // namespace likewise
