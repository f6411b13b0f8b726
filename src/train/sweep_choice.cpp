#include "likewise/train/sweep_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/eval/table.hpp"

namespace likewise {

namespace {

// Means over the runs of a setting.
struct MeanHealth {
  double healthy = 0, rank = 0, spread = 0;
};

MeanHealth mean_health(const SettingFigures& setting) {
  MeanHealth out;
  for (const RunFacts& run : setting.runs) {
    const double part = 1 / static_cast<double>(setting.runs.size());
    out.healthy += run.health == "healthy" ? part : 0;
    out.rank += run.rank * part;
    out.spread += (run.alignment + run.uniformity) * part;
  }
  return out;
}

std::vector<std::string> columns_of(const std::vector<SettingFigures>& settings) {
  std::vector<std::string> out;
  for (const auto& setting : settings) {
    for (const auto& figures : setting.validation) {
      for (const auto& column : figures.columns) {
        if (std::find(out.begin(), out.end(), column) == out.end()) out.push_back(column);
      }
    }
  }
  return out;
}

}  // namespace

SweepChoice choose_by_health(const std::vector<SettingFigures>& settings) {
  LIKEWISE_CHECK(!settings.empty(), "a choice among nothing");
  const auto better = [](const SettingFigures& a, const SettingFigures& b) {
    const MeanHealth x = mean_health(a), y = mean_health(b);
    if (std::abs(x.healthy - y.healthy) > 1e-9) return x.healthy > y.healthy;
    if (x.rank != y.rank) return x.rank > y.rank;
    return x.spread < y.spread;
  };
  const auto best = std::min_element(settings.begin(), settings.end(), better);
  const MeanHealth of = mean_health(*best);
  return {static_cast<size_t>(best - settings.begin()),
          fmt::format("'{}' is chosen by health, without labels: {:.0f} of {} runs are healthy, "
                      "RankMe of the features {:.1f}, alignment + uniformity {:.2f}",
                      best->name, of.healthy * static_cast<double>(best->runs.size()),
                      best->runs.size(), of.rank, of.spread)};
}

SweepChoice choose_by_validation(const std::vector<SettingFigures>& settings, std::string column) {
  LIKEWISE_CHECK(!settings.empty(), "a choice among nothing");
  const auto columns = columns_of(settings);
  const auto there = [&](const std::string& name) {
    return std::find(columns.begin(), columns.end(), name) != columns.end();
  };
  if (column.empty() && !columns.empty()) column = there("linear") ? "linear" : columns[0];
  if (!there(column)) {
    throw UserError("select_column = \"{}\": the validation has no such figure{}", column,
                    did_you_mean(column, columns));
  }
  const auto mean_of = [&](const SettingFigures& setting) {
    double sum = 0;
    int64_t count = 0;
    for (const Figures& figures : setting.validation) {
      const auto found = figures.values.find({"Likewise", column});
      if (found == figures.values.end()) continue;
      sum += found->second;
      ++count;
    }
    return count > 0 ? sum / static_cast<double>(count) : -std::numeric_limits<double>::infinity();
  };
  const auto best =
      std::max_element(settings.begin(), settings.end(),
                       [&](const auto& a, const auto& b) { return mean_of(a) < mean_of(b); });
  return {static_cast<size_t>(best - settings.begin()),
          fmt::format("'{}' is chosen by {} on a fifth of the training labels that was held out: "
                      "{:.1f} % over {} seed{}; no test label was looked at for this",
                      best->name, column, 100 * mean_of(*best), best->validation.size(),
                      best->validation.size() == 1 ? "" : "s")};
}

}  // namespace likewise
