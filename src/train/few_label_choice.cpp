#include "likewise/train/few_label_choice.hpp"

#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "likewise/base/text.hpp"
#include "likewise/eval/calibration.hpp"
#include "likewise/eval/labels.hpp"
#include "likewise/eval/scores.hpp"

namespace likewise {

namespace {

// Classes that occur, renumbered 0, 1, ...
FeatureSet occurring(const FeatureSet& set) {
  const FeatureSet known = labelled(set);
  const auto rows = rows_by_class(known.y, class_count(known));
  FeatureSet out = known;
  out.y = known.y.clone();
  out.class_names.clear();
  int64_t next = 0;
  for (size_t c = 0; c < rows.size(); ++c) {
    if (rows[c].empty()) continue;
    for (int64_t r : rows[c]) out.y.data_ptr<int64_t>()[r] = next;
    out.class_names.push_back(c < known.class_names.size() ? known.class_names[c]
                                                           : std::to_string(c));
    ++next;
  }
  return out;
}

struct LabelDraw {
  std::vector<int64_t> support, query;
};

LabelDraw draw_labels(const std::vector<std::vector<int64_t>>& classes, int64_t k, int64_t draw,
                      const FewLabelChoiceOptions& options) {
  LabelDraw out;
  for (size_t c = 0; c < classes.size(); ++c) {
    const auto n = static_cast<int64_t>(classes[c].size());
    const int64_t rest = options.queries > 0 ? std::min(options.queries, n - k) : n - k;
    Rng rng(static_cast<uint64_t>(options.seed),
            {0xfe15, static_cast<uint64_t>(k), static_cast<uint64_t>(draw), c});
    const auto chosen = rng.choose(n, k + rest);
    for (size_t i = 0; i < chosen.size(); ++i) {
      (static_cast<int64_t>(i) < k ? out.support : out.query)
          .push_back(classes[c][static_cast<size_t>(chosen[i])]);
    }
  }
  return out;
}

std::string verdict_of(const FewLabelChoice& choice) {
  const size_t last = choice.shots.size() - 1;
  const HeadRow *best = nullptr, *second = nullptr;
  for (const HeadRow& row : choice.rows) {
    if (row.transductive) continue;
    if (best == nullptr || row.accuracy[last].mean > best->accuracy[last].mean) {
      second = best;
      best = &row;
    } else if (second == nullptr || row.accuracy[last].mean > second->accuracy[last].mean) {
      second = &row;
    }
  }
  std::vector<double> differences;
  for (size_t d = 0; d < best->draws[last].size(); ++d) {
    differences.push_back(best->draws[last][d] - second->draws[last][d]);
  }
  const MeanInterval gap = mean_t(differences);
  const int64_t k = choice.shots[last];
  return fmt::format("with {} label{} a class {} is best, {} % right; {} is {} points behind{}", k,
                     k == 1 ? "" : "s", best->head, best->accuracy[last].text(), second->head,
                     gap.text(),
                     gap.mean - gap.half_width > 0 ? "" : ", which the draws do not tell apart");
}

}  // namespace

FewLabelChoice choose_head(const FeatureSet& given, const FewLabelChoiceOptions& options) {
  FeatureSet set;
  if ((given.y >= 0).any().item<bool>()) set = occurring(given);
  if (set.class_names.empty()) {
    throw UserError(
        "--data: no image has a label; a folder for each class, or --labels, gives them");
  }
  const auto count = static_cast<int64_t>(set.class_names.size());
  if (count < 2) {
    throw UserError("--data: all labelled images are of one class, '{}'; at least two are needed",
                    set.class_names[0]);
  }
  const auto classes = rows_by_class(set.y, count);
  const auto smallest =
      std::min_element(classes.begin(), classes.end(),
                       [](const auto& a, const auto& b) { return a.size() < b.size(); });
  FewLabelChoice out;
  for (int64_t k : options.shots) {
    if (k < 1) throw UserError("--shots holds {}, must be at least 1", k);
    if (static_cast<int64_t>(smallest->size()) > k) {
      out.shots.push_back(k);
    } else {
      out.skipped.push_back(fmt::format(
          "{} label{} a class: class '{}' has {} images, and at least one must be left to be named",
          k, k == 1 ? "" : "s", set.class_names[static_cast<size_t>(smallest - classes.begin())],
          smallest->size()));
    }
  }
  if (out.shots.empty()) throw UserError("--shots: {}", join(out.skipped, "; "));
  for (const auto& head : fewshot::few_label_heads()) {
    HeadRow row{head.name, head.transductive(), {}, {}};
    for (int64_t k : out.shots) {
      std::vector<double> values;
      for (int64_t d = 0; d < options.draws; ++d) {
        const LabelDraw draw = draw_labels(classes, k, d, options);
        const FeatureSet few = take(set, draw.support), judged = take(set, draw.query);
        values.push_back(accuracy(
            judged.y, fewshot::head_answers(head, few.x, few.y, judged.x, count, options.heads)));
      }
      row.accuracy.push_back(mean_t(values));
      row.draws.push_back(std::move(values));
    }
    out.rows.push_back(std::move(row));
  }
  const size_t last = out.shots.size() - 1;
  double most = -1;
  for (const HeadRow& row : out.rows) {
    if (!row.transductive && row.accuracy[last].mean > most) {
      most = row.accuracy[last].mean;
      out.best = row.head;
    }
  }
  out.verdict = verdict_of(out);
  return out;
}

nlohmann::json choice_json(const FewLabelChoice& choice) {
  nlohmann::json rows = nlohmann::json::array();
  for (const HeadRow& row : choice.rows) {
    nlohmann::json values = nlohmann::json::array();
    for (const MeanInterval& value : row.accuracy) {
      values.push_back({{"mean", value.mean}, {"half_width", value.half_width}, {"n", value.n}});
    }
    rows.push_back(
        {{"features", row.head + (row.transductive ? " (transductive)" : "")}, {"values", values}});
  }
  return {{"labels", choice.shots},
          {"rows", rows},
          {"best", choice.best},
          {"verdict", choice.verdict},
          {"skipped", choice.skipped}};
}

std::string choice_text(const FewLabelChoice& choice) {
  std::string out = fmt::format("{:<28}", "labels a class");
  for (int64_t k : choice.shots) out += fmt::format("{:>16}", k);
  out += "\n";
  for (const HeadRow& row : choice.rows) {
    out += fmt::format("{:<28}", row.head + (row.transductive ? " (transductive)" : ""));
    for (const MeanInterval& value : row.accuracy)
      out += fmt::format("{:>16}", value.text() + " %");
    out += "\n";
  }
  for (const std::string& reason : choice.skipped) out += "left out: " + reason + "\n";
  return out + choice.verdict + "\n";
}

Classifier fit_choice(const TrainedEncoder& model, const FeatureSet& given, const std::string& name,
                      const FewLabelChoiceOptions& options) {
  const FeatureSet set = occurring(given);
  const auto count = static_cast<int64_t>(set.class_names.size());
  for (const auto& head : fewshot::few_label_heads()) {
    if (head.name != name) continue;
    LIKEWISE_CHECK(!head.transductive(), "{} names no single image", name);
    Classifier out;
    out.model = model;
    out.class_names = set.class_names;
    out.linear = head.fit(set.x, set.y, count, options.heads);
    constexpr double kHeldOut = 0.2;
    const RowSplit rows = stratified_rows(set.y, kHeldOut, options.seed);
    if (!rows.held_out.empty()) {
      const FeatureSet fit = take(set, rows.fit), rest = take(set, rows.held_out);
      out.temperature =
          fit_temperature(head.fit(fit.x, fit.y, count, options.heads).logits(rest.x), rest.y);
    }
    out.novelty = fit_novelty(set.x);
    return out;
  }
  throw UserError("there is no head '{}'", name);
}

}  // namespace likewise
