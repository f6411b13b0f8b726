#pragma once
// The positives of every query: their number, their similarities, their part of the gradients. They
// cost O((N + M) D): those of a group only appear as the sum of its keys.

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/contrastive/info_nce.hpp"

namespace likewise::kernels::contrastive {

// Rows of a matrix, divided by their norms on request.
struct UnitRows {
  UnitRows(const float* x, int64_t rows, int64_t columns, bool normalize, const ForEach& for_each);
  const float* row(int64_t i) const { return x + i * columns; }
  void add(int64_t i, double factor, double* to) const;  // to += factor * divided row
  // What the input's gradient is, that of the divided row (times `factor`) given.
  void finish(int64_t i, double factor, const double* gradient, float* out) const;

  const float* x;
  int64_t rows, columns;
  bool normalize;
  std::vector<double> inverse_norm;  // ones if not normalize
  double largest_square = 0;         // of the divided rows
};

class Positives {
 public:
  Positives(const InfoNceProblem& problem, const UnitRows& queries, const UnitRows& keys,
            const ForEach& for_each);

  bool has_own(int64_t i) const { return own_index(i) >= 0 || own_rows_; }
  int64_t own_index(int64_t i) const { return problem_.positive ? problem_.positive[i] : -1; }
  int64_t self(int64_t i) const { return problem_.self ? problem_.self[i] : -1; }
  double count(int64_t i) const { return count_[static_cast<size_t>(i)]; }
  bool counts(int64_t i) const { return counts_[static_cast<size_t>(i)] != 0; }
  int64_t counted() const { return counted_; }
  // Whether tiles leave out keys of the query's group.
  bool groups_are_masked() const {
    return problem_.query_group && (problem_.decoupled || !problem_.groups_attract);
  }
  const std::vector<int32_t>& query_groups() const { return query_groups_; }
  const std::vector<int32_t>& key_groups() const { return key_groups_; }

  // Both in double, of the divided rows; x is the divided query.
  double own_similarity(int64_t i, const double* x) const;
  double group_similarity(int64_t i, const double* x) const;  // the sum over the group

  // gradient += own_factor * own positive + group_factor * sum of the group's positives
  void add(int64_t i, double own_factor, double group_factor, double* gradient) const;

  const UnitRows& own_rows() const { return *own_rows_; }
  // Sums of the queries of a group, each divided by its number of positives: what pulls its keys.
  std::vector<double> group_pulls(const ForEach& for_each) const;  // [groups, D], or empty
  bool in_group(int64_t i, int64_t key) const;  // that of query i, and it attracts

 private:
  void number_groups();
  void count_all();

  const InfoNceProblem& problem_;
  const UnitRows &queries_, &keys_;
  std::optional<UnitRows> own_rows_;  // positive_key
  std::vector<int32_t> query_groups_, key_groups_;
  int64_t groups_ = 0, counted_ = 0;
  std::vector<double> count_, group_sums_;  // [n], [groups, d]
  std::vector<char> counts_;
};

}  // namespace likewise::kernels::contrastive
