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

// One row of the table: the figures of all seeds of a setting.
struct SettingFigures {
  std::string name;
  std::vector<Figures> seeds;
};

// Rows: each setting's learned features, then the baselines (raw pixels, untrained encoder). Cells: mean and 95 % interval
// over seeds, in percent.
std::string markdown_table(const std::vector<SettingFigures>& settings);
nlohmann::json json_table(const std::vector<SettingFigures>& settings);

}  // namespace likewise
