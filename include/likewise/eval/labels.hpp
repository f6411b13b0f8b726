#pragma once
// Labels of a feature set: which rows have one, how many classes, a stratified split.

#include <cstdint>
#include <string>
#include <vector>

#include "likewise/eval/features.hpp"

namespace likewise {

// The rows whose label is not -1, checked: x finite float [N, D], y int64 [N]. UserError otherwise.
FeatureSet labelled(const FeatureSet& set);

// The given rows of x, y and, where there is one, domain.
FeatureSet take(const FeatureSet& set, const std::vector<int64_t>& rows);

// The larger of the number of class names and the largest label + 1.
int64_t class_count(const FeatureSet& set);

// "'A'", or "3" where the class has no name: for messages.
std::string class_label(const FeatureSet& set, int64_t label);

// Rows of every class, ascending: classes vectors. Rows with label -1 appear in none.
std::vector<std::vector<int64_t>> rows_by_class(const Tensor& y, int64_t classes);

struct RowSplit {
  std::vector<int64_t> fit, held_out;  // ascending rows
};

// Holds out round(share * n) rows of every class, at least one where a class has two or more, and
// always leaves one to fit. A function of (labels, share, seed) only.
RowSplit stratified_rows(const Tensor& y, double share, int64_t seed);

}  // namespace likewise
