#include "likewise/train/robustness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/decoded_cache.hpp"
#include "likewise/data/subset.hpp"
#include "likewise/views/corruptions.hpp"

namespace likewise {

namespace {

using nlohmann::json;

std::vector<Corruption> chosen_corruptions(Modality modality, const std::string& text) {
  if (trim(text).empty()) return corruptions_of(modality);
  std::vector<Corruption> out;
  for (const auto& part : split(text, ',')) out.push_back(find_corruption(modality, trim(part)));
  return out;
}

}  // namespace

json corruption_table(const std::vector<ProbedFeatures>& features, const DatasetPtr& test,
                      const CorruptionOptions& options, double rate,
                      const LinearProbeOptions& linear,
                      const std::function<void(const std::string&)>& say) {
  const auto chosen = chosen_corruptions(test->info().modality, options.names);
  const int64_t n = test->size();
  const int64_t wanted = options.samples > 0 ? std::min(options.samples, n) : n;
  std::vector<int64_t> rows;
  for (int64_t k = 0; k < wanted; ++k) rows.push_back(k * n / wanted);
  const DatasetPtr some = subset(test, rows);

  json out = {{"samples", wanted},
              {"names", json::array()},
              {"groups", json::array()},
              {"severities", {1, 2, 3, 4, 5}},
              {"rows", json::array()}};
  for (const auto& entry : chosen) {
    out["names"].push_back(entry.name);
    out["groups"].push_back(entry.group);
  }
  std::vector<LinearProbe> probes;
  for (const auto& one : features) {
    probes.push_back(fit_linear_probe(one.train, linear));
    out["rows"].push_back({{"features", one.name},
                           {"clean", probe_accuracy(probes.back(), one.extract(some))},
                           {"accuracy", json::array()}});
  }
  std::vector<std::vector<double>> sums(features.size(), std::vector<double>(kSeverities));
  for (const auto& entry : chosen) {
    say(std::string("corruption: ") + entry.name);
    std::vector<json> cells(features.size(), json::array());
    for (int severity = 1; severity <= kSeverities; ++severity) {
      const DatasetPtr worse = decoded_cache(
          with_corruption(some, entry.name, severity, rate, static_cast<uint64_t>(linear.seed)),
          int64_t{1} << 31);
      for (size_t f = 0; f < features.size(); ++f) {
        const double value = probe_accuracy(probes[f], features[f].extract(worse));
        cells[f].push_back(value);
        sums[f][static_cast<size_t>(severity - 1)] += value;
      }
    }
    for (size_t f = 0; f < features.size(); ++f) out["rows"][f]["accuracy"].push_back(cells[f]);
  }
  for (size_t f = 0; f < features.size(); ++f) {
    double mean = 0;
    json by_severity = json::array();
    for (const double sum : sums[f]) {
      by_severity.push_back(sum / static_cast<double>(chosen.size()));
      mean += by_severity.back().get<double>() / kSeverities;
    }
    out["rows"][f]["by_severity"] = by_severity;
    out["rows"][f]["mean"] = mean;
  }
  return out;
}

}  // namespace likewise
