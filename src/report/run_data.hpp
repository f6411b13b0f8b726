#pragma once
// What a run folder holds, read once and forgivingly.

#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "report/json_read.hpp"

namespace likewise::report {

struct Mark {
  double x = 0;  // step, or epoch where no step is given
  double epoch = 0;
  double value = 0;  // finite
};
using Series = std::vector<Mark>;

struct OptionGroup {
  std::string name;  // "" for the top level
  std::vector<std::pair<std::string, std::string>> entries;
};

struct RunData {
  std::string name;
  std::vector<OptionGroup> options;
  std::map<std::string, Series> series;  // "step.loss", "health.rank", "knn.accuracy"
  std::string verdict;                   // of the last health line that has one
  double first_bad_loss = kNan;          // step of the first loss that was not finite
  double steps = kNan, epochs = kNan, seconds = kNan;
  Json evaluation, summary, gallery, neighbours, map, episodes;  // null when missing
  std::vector<std::string> problems;  // files that could not be read, in words

  const Series& get(const std::string& key) const;  // empty when there is none
  // The first of these dotted option names that is set, or "".
  std::string option(std::initializer_list<const char*> names) const;
  // summary.json's entry, else the option.
  std::string fact(const char* key, std::initializer_list<const char*> options) const;
};

RunData read_run(const std::filesystem::path& folder);

}  // namespace likewise::report
