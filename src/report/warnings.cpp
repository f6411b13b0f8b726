#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "likewise/base/text.hpp"
#include "report/sections.hpp"

namespace likewise::report {

namespace {

void warn_about_baselines(const RunData& run, std::vector<std::string>& out) {
  for (const Headline& row : headlines(run.evaluation)) {
    const Score ours = row.of("Likewise");
    if (!std::isfinite(ours.mean)) continue;
    for (const auto& [name, score] : row.scores) {
      if (name == "Likewise" || !std::isfinite(score.mean)) continue;
      const double ours_half = std::isfinite(ours.half_width) ? ours.half_width : 0;
      const double half = std::isfinite(score.half_width) ? score.half_width : 0;
      if (ours.mean - ours_half <= score.mean + half) {
        out.push_back(fmt::format("{}: not clearly better than {} ({} against {} per cent).",
                                  row.title, name, show_score(ours), show_score(score)));
      }
    }
  }
}

void warn_about_training(const RunData& run, std::vector<std::string>& out) {
  if (planned_epochs(run) - run.epochs > 1 && !std::isfinite(number(run.summary, "epochs"))) {
    out.push_back(fmt::format("Training stands at epoch {} of {}.", show_number(run.epochs),
                              show_number(planned_epochs(run))));
  }
  if (std::isfinite(run.first_bad_loss)) {
    out.push_back(
        fmt::format("The loss was not finite at step {}.", show_number(run.first_bad_loss)));
  }
  const Series& wait = run.get("step.wait");
  double mean = 0;
  for (const Mark& mark : wait) mean += mark.value / static_cast<double>(wait.size());
  if (mean > 0.15) {
    out.push_back(fmt::format(
        "Training waited for data {:.0f}% of the time: more loader workers or smaller source "
        "images would make it faster.",
        100 * mean));
  }
  const auto by_value = [](const Mark& a, const Mark& b) { return a.value < b.value; };
  const Series& knn = run.get("knn.accuracy");
  if (knn.size() > 2) {
    const Mark best = *std::max_element(knn.begin(), knn.end(), by_value);
    if (best.value - knn.back().value > 0.02) {
      out.push_back(fmt::format(
          "kNN accuracy ended at {:.1f}%, below its best of {:.1f}% at {} {}.",
          100 * knn.back().value, 100 * best.value, std::isfinite(best.epoch) ? "epoch" : "step",
          show_number(std::isfinite(best.epoch) ? best.epoch : best.x)));
    }
  }
  const Series& rank = run.get("health.rank");
  if (rank.size() > 1) {
    const double top = std::max_element(rank.begin(), rank.end(), by_value)->value;
    if (rank.back().value < top / 2) {
      out.push_back(
          fmt::format("The effective rank fell from {} to {}: features may be collapsing.",
                      show_number(top), show_number(rank.back().value)));
    }
  }
}

}  // namespace

double planned_epochs(const RunData& run) {
  const std::string digits = run.option({"epochs", "train.epochs", "budget.epochs"});
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  return digits.empty() || *end != '\0' ? kNan : value;
}

double reached_epochs(const RunData& run) {
  const double stated = number(run.summary, "epochs");
  if (std::isfinite(stated)) return stated;
  const double planned = planned_epochs(run);
  return planned - run.epochs <= 1 ? planned : std::ceil(run.epochs);
}

std::vector<std::string> warnings(const RunData& run) {
  std::vector<std::string> out = texts(list(run.summary, "warnings"));
  warn_about_training(run, out);
  warn_about_baselines(run, out);
  const std::vector<std::string> classes = texts(list(run.evaluation, "classes"));
  std::vector<std::string> never;
  const Json& recall = list(run.evaluation, "recall");
  for (size_t c = 0; c < recall.size(); ++c) {
    if (as_number(recall[c]) == 0) {
      never.push_back(c < classes.size() ? classes[c] : fmt::format("class {}", c));
    }
  }
  if (!never.empty()) {
    const size_t count = never.size();
    never.resize(std::min<size_t>(count, 5));
    out.push_back(fmt::format("Never recognised: {}{}.", join(never, ", "),
                              count > 5 ? fmt::format(" and {} more classes", count - 5) : ""));
  }
  out.insert(out.end(), run.problems.begin(), run.problems.end());
  return out;
}

}  // namespace likewise::report
