// likewise views budget: short runs with several budgets, compared without a test label.
#include "cli/views_budget.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/run_self.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/splits.hpp"
#include "likewise/data/subset.hpp"
#include "likewise/eval/linear_probe.hpp"
#include "likewise/methods/catalogue.hpp"
#include "likewise/train/bundle.hpp"
#include "likewise/train/options.hpp"
#include "likewise/train/run_folder.hpp"

namespace likewise::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int64_t kMostProbed = 10000;  // samples of the probe

struct BudgetOptions {
  std::vector<double> budgets = {0.02, 0.05, 0.1, 0.2};
  template <class V>
  void fields(V& v) {
    v("budgets", budgets, "budgets to compare");
  }
};

// The words without --budgets, which `pretrain` does not know.
std::vector<std::string> for_pretrain(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--budgets") {
      ++i;
    } else if (words[i].rfind("--budgets=", 0) != 0) {
      out.push_back(words[i]);
    }
  }
  return out;
}

// Accuracy of a linear probe on a held-out fifth of the labels of what was trained on; NaN without
// any.
double held_out_accuracy(const fs::path& run, const std::string& data_path, uint64_t seed) {
  DatasetPtr data = open_dataset(data_path);
  if (data->info().class_names.size() < 2) return std::nan("");
  if (data->size() > kMostProbed) {
    data = subset(data, Rng(seed, {0xb0d6}).choose(data->size(), kMostProbed));
  }
  Rng rng(seed, {0xb0d7});
  const Split split = split_by(data, stratified_split(*data, 0.2, rng));
  const TrainedEncoder model = load_encoder(run);
  LinearProbeOptions linear;
  linear.seed = static_cast<int64_t>(seed);
  const LinearProbe probe = fit_linear_probe(extract_features(model, split.first).set, linear);
  return probe_accuracy(probe, extract_features(model, split.second).set);
}

// The last line of a kind in a run's log.
json last_record(const fs::path& metrics, const std::string& kind) {
  json last = json::object();
  for (const auto& line : split(read_text(metrics), '\n')) {
    const json record = json::parse(line, nullptr, false);
    if (record.is_object() && record.value("kind", "") == kind) last = record;
  }
  return last;
}

json number(double value) { return std::isfinite(value) ? json(value) : json(); }

std::string shown(const json& row, const char* key, double factor = 1) {
  return row.contains(key) && row[key].is_number()
             ? fmt::format("{:.{}f}", factor * row[key].get<double>(), factor == 1 ? 3 : 1)
             : "–";
}

std::string table(const std::vector<json>& rows) {
  std::string out =
      "| budget | alignment | uniformity | sum | diversity | held-out probe % | health |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const json& row : rows) {
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", row["budget"].get<double>(),
                       shown(row, "alignment"), shown(row, "uniformity"), shown(row, "sum"),
                       shown(row, "view_diversity"), shown(row, "probe", 100),
                       row.value("verdict", "–"));
  }
  return out;
}

// The row that is best by `key`; rows without it lose.
const json* best(const std::vector<json>& rows, const char* key, bool largest) {
  const json* found = nullptr;
  for (const json& row : rows) {
    if (!row.contains(key) || !row[key].is_number()) continue;
    const bool better = !found || (largest ? row[key] > (*found)[key] : row[key] < (*found)[key]);
    if (better) found = &row;
  }
  return found;
}

}  // namespace

int run_views_budget(const std::vector<std::string>& words) {
  PretrainOptions options;
  BudgetOptions own;
  const auto method = find_method(peek_argument(words, "method", options.method)).make_options();
  Fields fields(own);
  options.fields(fields);
  method->describe(fields);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print(
        "Trains a short run with each budget and compares them without a test label: a linear "
        "probe on a\n"
        "held-out fifth of the training labels where there are any, and alignment and uniformity "
        "of views.\n\n"
        "  likewise views budget --data photos --budgets 0.02,0.05,0.1 --minutes 5 --out "
        "runs/budgets\n\n"
        "Besides --budgets it takes the options of pretrain.\n");
    return 0;
  }
  if (options.out.empty()) throw UserError("views budget: --out is needed, a folder for the runs");
  if (options.data.path.empty()) throw UserError("views budget: --data is needed");
  if (own.budgets.empty()) throw UserError("--budgets: at least one is needed");
  for (const double budget : own.budgets) {
    if (!(budget > 0)) throw UserError("--budgets: {} is not above 0", budget);
  }
  set_threads(static_cast<long>(options.threads));
  const fs::path out = options.out;
  std::vector<json> rows;
  for (const double budget : own.budgets) {
    const RunFolder folder{out / fmt::format("budget-{}", budget)};
    const fs::path done = folder.root / "budget.json";
    if (fs::exists(done)) {
      rows.push_back(json::parse(read_text(done)));
      continue;
    }
    fmt::print(stderr, "\n== budget {}\n", budget);
    std::vector<std::string> run = {"pretrain"};
    if (fs::exists(folder.checkpoint())) {
      run.insert(run.end(), {"--resume", "--out", folder.root.string()});
    } else {
      const auto given = for_pretrain(words);
      run.insert(run.end(), given.begin(), given.end());
      if (!options.viewmaker.on()) run.insert(run.end(), {"--viewmaker", "alone"});
      run.insert(run.end(),
                 {"--viewmaker.budget", fmt::format("{}", budget), "--out", folder.root.string()});
    }
    const int code = run_self(run);
    if (code != 0) throw UserError("views budget: budget {} failed (exit code {})", budget, code);
    const json health = last_record(folder.metrics(), "health");
    json row = {{"budget", budget},
                {"probe", number(held_out_accuracy(folder.root, options.data.path,
                                                   static_cast<uint64_t>(options.seed)))}};
    for (const char* key : {"alignment", "uniformity", "view_diversity", "verdict"}) {
      if (health.contains(key)) row[key] = health[key];
    }
    if (row.contains("alignment") && row.contains("uniformity")) {
      row["sum"] = row["alignment"].get<double>() + row["uniformity"].get<double>();
    }
    write_file(done, detail::json_text(row, 1) + "\n");
    rows.push_back(row);
  }
  write_file(out / "table.md", table(rows));
  fmt::print("{}\n", table(rows));
  if (const json* row = best(rows, "probe", true)) {
    fmt::print("--viewmaker.budget {}: best probe on held-out training labels\n",
               (*row)["budget"].get<double>());
  } else if (const json* hint = best(rows, "sum", false)) {
    fmt::print(
        "--viewmaker.budget {}: smallest sum of alignment and uniformity. Without labels that is a "
        "hint, "
        "no proof\n",
        (*hint)["budget"].get<double>());
  }
  return 0;
}

}  // namespace likewise::cli
