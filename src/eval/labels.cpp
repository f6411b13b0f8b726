#include "likewise/eval/labels.hpp"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"

namespace likewise {

FeatureSet labelled(const FeatureSet& set) {
  FeatureSet all = set;
  all.x = eval_detail::as_features(set.x, "features");
  all.y = eval_detail::as_labels(set.y, all.x.size(0), "labels");
  const int64_t n = all.x.size(0);
  const int64_t* y = all.y.data_ptr<int64_t>();
  std::vector<int64_t> rows;
  rows.reserve(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    if (y[i] < -1) throw UserError("label {} in row {}: labels are -1 (unknown) or more", y[i], i);
    if (y[i] >= 0) rows.push_back(i);
  }
  return static_cast<int64_t>(rows.size()) == n ? all : take(all, rows);
}

FeatureSet take(const FeatureSet& set, const std::vector<int64_t>& rows) {
  const Tensor index = at::from_blob(const_cast<int64_t*>(rows.data()),
                                     {static_cast<int64_t>(rows.size())}, at::kLong);
  FeatureSet out;
  out.class_names = set.class_names;
  out.x = set.x.index_select(0, index);
  if (set.y.defined()) out.y = set.y.index_select(0, index);
  if (set.domain.defined()) out.domain = set.domain.index_select(0, index);
  return out;
}

int64_t class_count(const FeatureSet& set) {
  int64_t count = static_cast<int64_t>(set.class_names.size());
  const Tensor y = set.y.to(at::kCPU, at::kLong).contiguous();
  const int64_t* labels = y.data_ptr<int64_t>();
  for (int64_t i = 0; i < y.numel(); ++i) count = std::max(count, labels[i] + 1);
  return count;
}

std::string class_label(const FeatureSet& set, int64_t label) {
  const auto index = static_cast<size_t>(label);
  return index < set.class_names.size() ? fmt::format("'{}'", set.class_names[index])
                                        : fmt::format("{}", label);
}

std::vector<std::vector<int64_t>> rows_by_class(const Tensor& y, int64_t classes) {
  std::vector<std::vector<int64_t>> rows(static_cast<size_t>(classes));
  const Tensor labels = eval_detail::as_labels(y, y.numel(), "labels");
  const int64_t* data = labels.data_ptr<int64_t>();
  for (int64_t i = 0; i < labels.numel(); ++i) {
    LIKEWISE_CHECK(data[i] < classes, "label {} of {} classes", data[i], classes);
    if (data[i] >= 0) rows[static_cast<size_t>(data[i])].push_back(i);
  }
  return rows;
}

RowSplit stratified_rows(const Tensor& y, double share, int64_t seed) {
  FeatureSet set;
  set.y = y;
  RowSplit split;
  uint64_t label = 0;
  for (const auto& rows : rows_by_class(y, class_count(set))) {
    const auto n = static_cast<int64_t>(rows.size());
    const int64_t wanted = std::max<int64_t>(1, std::llround(share * static_cast<double>(n)));
    const int64_t held = std::clamp<int64_t>(wanted, 0, std::max<int64_t>(n - 1, 0));
    const auto order = Rng(static_cast<uint64_t>(seed), {label++}).permutation(n);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t row = rows[static_cast<size_t>(order[static_cast<size_t>(i)])];
      (i < held ? split.held_out : split.fit).push_back(row);
    }
  }
  std::sort(split.fit.begin(), split.fit.end());
  std::sort(split.held_out.begin(), split.held_out.end());
  return split;
}

}  // namespace likewise
