#include "likewise/train/results_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

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
  for (const auto& setting : settings) rows.push_back({setting.name, "Likewise", setting.seeds, setting.runs});
  if (settings.empty()) return rows;
  for (const char* baseline : {"raw pixels", "untrained encoder"}) {
    rows.push_back({baseline, baseline, settings[0].seeds, {}});
  }
  return rows;
}

std::vector<std::string> columns_of(const std::vector<SettingFigures>& settings) {
  std::vector<std::string> columns;
  for (const auto& setting : settings) {
    for (const auto& figures : setting.seeds) {
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
    add_figure(out, task.value("features", ""),
               episode_column(task),
               task.value("accuracy", json()));
  }
  return out;
}

RunFacts run_facts(const json& summary, const std::string& metrics) {
  RunFacts facts;
  if (!summary.is_object()) return facts;
  facts.minutes = summary.value("seconds", 0.0) / 60;
  facts.megabytes = summary.value("peak_mb", 0.0);
  const size_t at = metrics.rfind("\"verdict\":\"");
  if (at != std::string::npos) {
    const size_t begin = at + 11;
    facts.health = metrics.substr(begin, metrics.find_first_of(":;\"", begin) - begin);
  }
  return facts;
}

std::string markdown_table(const std::vector<SettingFigures>& settings) {
  const auto columns = columns_of(settings);
  std::string out = "| features |";
  for (const auto& column : columns) out += fmt::format(" {} |", column);
  const bool facts = std::any_of(settings.begin(), settings.end(),
                                 [](const SettingFigures& s) { return !s.runs.empty(); });
  if (facts) out += " minutes | MB | health |";
  out += "\n|---|";
  for (size_t i = 0; i < columns.size() + (facts ? 3 : 0); ++i) out += "---|";
  out += "\n";
  for (const auto& row : rows_of(settings)) {
    out += fmt::format("| {} |", row.name);
    for (const auto& column : columns) {
      const auto values = cell_values(row.seeds, row.features, column);
      out += values.empty() ? " – |" : fmt::format(" {} |", mean_t(values).text());
    }
    if (facts) out += fact_cells(row.runs);
    out += "\n";
  }
  return out;
}

json json_table(const std::vector<SettingFigures>& settings) {
  json out = json::array();
  for (const auto& row : rows_of(settings)) {
    json cells = json::object();
    for (const auto& column : columns_of(settings)) {
      const auto values = cell_values(row.seeds, row.features, column);
      if (values.empty()) continue;
      const auto interval = mean_t(values);
      cells[column] = {
          {"mean", interval.mean},
          {"half_width", std::isnan(interval.half_width) ? json() : json(interval.half_width)},
          {"values", values}};
    }
    out.push_back({{"name", row.name}, {"features", row.features}, {"figures", cells}});
  }
  return out;
}

}  // namespace likewise
