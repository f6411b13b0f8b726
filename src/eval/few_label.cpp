#include "likewise/eval/few_label.hpp"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "likewise/eval/labels.hpp"
#include "likewise/eval/logistic.hpp"
#include "likewise/eval/scores.hpp"

namespace likewise {
namespace {

// Labels 0, 1, ... for the classes that `rows` holds any of; -2 for others.
Tensor renumbered(const Tensor& y, const std::vector<std::vector<int64_t>>& rows) {
  std::vector<int64_t> number(rows.size(), -2);
  int64_t next = 0;
  for (size_t c = 0; c < rows.size(); ++c) {
    if (!rows[c].empty()) number[c] = next++;
  }
  Tensor out = at::empty({y.numel()}, at::kLong);
  for (int64_t i = 0; i < y.numel(); ++i) {
    const auto label = static_cast<size_t>(y.data_ptr<int64_t>()[i]);
    out.data_ptr<int64_t>()[i] = label < number.size() ? number[label] : -2;
  }
  return out;
}

}  // namespace

std::vector<FewLabelRow> few_label_table(const FeatureSet& train, const FeatureSet& test,
                                         const FewLabelOptions& options) {
  const FeatureSet known = labelled(train), judge = labelled(test);
  if (known.x.size(0) == 0) throw UserError("the few-label table needs labelled training rows");
  if (judge.x.size(0) == 0) throw UserError("the few-label table needs labelled test rows");
  auto classes = rows_by_class(known.y, class_count(known));
  FeatureSet train_set = known;
  train_set.y = renumbered(known.y, classes);
  const Tensor truth = renumbered(judge.y, classes);

  std::vector<FewLabelRow> table;
  for (int64_t k : options.labels_per_class) {
    if (k < 1) throw UserError("labels_per_class holds {}, must be at least 1", k);
    FewLabelRow row;
    row.labels_per_class = k;
    for (size_t c = 0; c < classes.size() && row.skipped.empty(); ++c) {
      const auto have = static_cast<int64_t>(classes[c].size());
      if (have > 0 && have < k) {
        row.skipped =
            fmt::format("class {} has only {} label{}", class_label(known, static_cast<int64_t>(c)),
                        have, have == 1 ? "" : "s");
      }
    }
    table.push_back(row);
  }
  std::erase_if(classes, [](const auto& rows) { return rows.empty(); });
  const auto count = static_cast<int64_t>(classes.size());

  // Every fit is small, so fits run side by side; each is a function of (seed, k, draw).
  std::vector<FewLabelRow*> wanted;
  for (FewLabelRow& row : table) {
    row.draws.assign(row.skipped.empty() ? static_cast<size_t>(options.draws) : 0, 0);
    if (row.skipped.empty()) wanted.push_back(&row);
  }
  LogisticOptions how;
  how.penalty = options.penalty;
  how.max_iterations = options.max_iterations;
  how.tolerance = options.tolerance;
  const int64_t jobs = static_cast<int64_t>(wanted.size()) * options.draws;
  eval_detail::for_each_tile(jobs, 1, [&](int64_t job, int64_t, int64_t) {
    // Draws outside, so that neighbouring jobs differ in cost and the threads share it evenly.
    const auto width = static_cast<int64_t>(wanted.size());
    FewLabelRow& row = *wanted[static_cast<size_t>(job % width)];
    const int64_t k = row.labels_per_class, draw = job / width;
    std::vector<int64_t> chosen;
    for (int64_t c = 0; c < count; ++c) {
      const auto& rows = classes[static_cast<size_t>(c)];
      Rng rng(static_cast<uint64_t>(options.seed),
              {static_cast<uint64_t>(k), static_cast<uint64_t>(draw), static_cast<uint64_t>(c)});
      for (int64_t i : rng.choose(static_cast<int64_t>(rows.size()), k)) {
        chosen.push_back(rows[static_cast<size_t>(i)]);
      }
    }
    const FeatureSet few = take(train_set, chosen);
    const LogisticFit fit = fit_logistic(few.x, few.y, count, how);
    row.draws[static_cast<size_t>(draw)] = accuracy(truth, fit.model.predict(judge.x));
  });
  for (FewLabelRow* row : wanted) row->accuracy = mean_t(row->draws);
  return table;
}

std::string to_text(const std::vector<FewLabelRow>& rows) {
  std::string text;
  for (const FewLabelRow& row : rows) {
    const char* plural = row.labels_per_class == 1 ? "" : "s";
    if (row.skipped.empty()) {
      text += fmt::format("{} label{} a class: {} % ({} draws)\n", row.labels_per_class, plural,
                          row.accuracy.text(), row.accuracy.n);
    } else {
      text += fmt::format("{} label{} a class: skipped, {}\n", row.labels_per_class, plural,
                          row.skipped);
    }
  }
  return text;
}

}  // namespace likewise
