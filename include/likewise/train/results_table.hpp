#pragma once
// What evaluations found, as a flat list of figures and as tables over settings and seeds.

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace likewise {

// Figures of one evaluation.json: (features, column) -> value in [0, 1]. Columns are "kNN",
// "linear", "5 labels", "5-way 1-shot", ...; features are "Likewise", "raw pixels", ....
struct Figures {
  std::vector<std::string> columns;  // in the order of the evaluation
  std::map<std::pair<std::string, std::string>, double> values;
};
Figures figures_of(const nlohmann::json& evaluation);

// What pretraining cost and how it ended, of one run.
struct RunFacts {
  double minutes = 0, megabytes = 0;  // wall clock; largest resident memory
  std::string health;                 // the name of the last verdict: "healthy", "cluster collapse"
  double rank = 0;                    // RankMe of the features, at the last look
  double alignment = 0, uniformity = 0;  // of the projections, see eval/sphere.hpp
};
// From the texts of summary.json and metrics.jsonl; what they do not hold stays 0 or empty.
RunFacts run_facts(const nlohmann::json& summary, const std::string& metrics);

// One row of the table: the figures of all seeds of a setting.
struct SettingFigures {
  std::string name;
  std::vector<Figures> seeds;
  std::vector<RunFacts> runs;       // empty: the table has no columns for them
  std::vector<Figures> validation;  // of all seeds, where settings are chosen by them
  bool chosen = false;              // marked in the tables
};

// Rows: each setting's learned features, then the baselines (raw pixels, untrained encoder). Cells:
// mean and 95 % interval over seeds, in percent, those of the validation last; then, of the runs,
// mean minutes, largest MB, and how their health ended.
std::string markdown_table(const std::vector<SettingFigures>& settings);
nlohmann::json json_table(const std::vector<SettingFigures>& settings);

}  // namespace likewise
