#include "kernels/contrastive/positives.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/contrastive/numbers.hpp"
#include "kernels/products.hpp"

namespace likewise::kernels::contrastive {
namespace {

constexpr int64_t kNormGrain = 256;  // rows a piece of work
constexpr int64_t kColumnGrain = 16;

}  // namespace

UnitRows::UnitRows(const float* rows_at, int64_t count, int64_t width, bool divide,
                   const ForEach& for_each)
    : x(rows_at),
      rows(count),
      columns(width),
      normalize(divide),
      inverse_norm(static_cast<size_t>(count), 1.0) {
  std::vector<double> squares(static_cast<size_t>(rows));
  for_each((rows + kNormGrain - 1) / kNormGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * kNormGrain; i < std::min(rows, end * kNormGrain); ++i) {
      squares[i] = dot(row(i), row(i), columns);
      if (normalize) inverse_norm[i] = 1 / std::max(std::sqrt(squares[i]), kNormFloor);
    }
  });
  largest_square = 1;
  if (!normalize && rows > 0) largest_square = *std::max_element(squares.begin(), squares.end());
}

void UnitRows::finish(int64_t i, double factor, const double* gradient, float* out) const {
  const double inverse = inverse_norm[i];
  double along = 0;  // the part along the row does not change its direction
  if (normalize && inverse < 1 / kNormFloor) {
    for (int64_t c = 0; c < columns; ++c) along += gradient[c] * row(i)[c];
    along *= inverse * inverse;
  }
  factor *= inverse;
  for (int64_t c = 0; c < columns; ++c) {
    out[c] = static_cast<float>(factor * (gradient[c] - along * row(i)[c]));
  }
}

Positives::Positives(const InfoNceProblem& problem, const UnitRows& queries, const UnitRows& keys,
                     const ForEach& for_each)
    : problem_(problem), queries_(queries), keys_(keys) {
  if (problem.positive_key) {
    own_rows_.emplace(problem.positive_key, problem.n, problem.d, problem.normalize, for_each);
  }
  if (problem.query_group) number_groups();
  count_all();
  if (groups_ > 0 && problem.groups_attract) {
    const int64_t d = problem.d;
    group_sums_.resize(static_cast<size_t>(groups_ * d));
    for_each((d + kColumnGrain - 1) / kColumnGrain, [&](int64_t begin, int64_t end) {
      const int64_t first = begin * kColumnGrain, last = std::min(d, end * kColumnGrain);
      for (int64_t j = 0; j < problem_.m; ++j) {
        if (key_groups_[j] < 0) continue;
        double* sum = &group_sums_[key_groups_[j] * d];
        const double inverse = keys_.inverse_norm[j];
        for (int64_t c = first; c < last; ++c) sum[c] += inverse * keys_.row(j)[c];
      }
    });
  }
}

// Groups of queries get the numbers 0, 1, ...; -1 for queries and -2 for keys of none of them.
void Positives::number_groups() {
  std::vector<int64_t> known(problem_.query_group, problem_.query_group + problem_.n);
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  known.erase(known.begin(), std::lower_bound(known.begin(), known.end(), 0));
  groups_ = static_cast<int64_t>(known.size());
  const auto number = [&](int64_t group, int32_t none) {
    const auto at = std::lower_bound(known.begin(), known.end(), group);
    return at == known.end() || *at != group ? none : static_cast<int32_t>(at - known.begin());
  };
  for (int64_t i = 0; i < problem_.n; ++i) {
    query_groups_.push_back(number(problem_.query_group[i], -1));
  }
  for (int64_t j = 0; j < problem_.m; ++j) {
    key_groups_.push_back(number(problem_.key_group[j], -2));
  }
}

void Positives::count_all() {
  std::vector<int64_t> sizes(static_cast<size_t>(groups_));
  for (int32_t group : key_groups_) {
    if (group >= 0) ++sizes[group];
  }
  for (int64_t i = 0; i < problem_.n; ++i) {
    const int64_t own = own_index(i), itself = self(i);
    const auto same = [&](int64_t key) {
      return groups_ > 0 && key >= 0 && key_groups_[key] == query_groups_[i];
    };
    int64_t group = groups_ > 0 && query_groups_[i] >= 0 ? sizes[query_groups_[i]] : 0;
    if (same(itself)) --group;
    if (same(own) && own != itself) --group;
    int64_t negatives = problem_.m - (itself >= 0) - (own >= 0 && own != itself);
    if (groups_are_masked()) negatives -= group;
    const int64_t positives = has_own(i) + (problem_.groups_attract ? group : 0);
    count_.push_back(static_cast<double>(positives));
    counts_.push_back(positives > 0 && (!problem_.decoupled || negatives > 0));
    counted_ += counts_.back();
  }
}

bool Positives::in_group(int64_t i, int64_t key) const {
  return groups_ > 0 && problem_.groups_attract && key >= 0 && query_groups_[i] >= 0 &&
         key_groups_[key] == query_groups_[i];
}

void UnitRows::add(int64_t i, double factor, double* to) const {
  factor *= inverse_norm[i];
  for (int64_t c = 0; c < columns; ++c) to[c] += factor * row(i)[c];
}

void Positives::add(int64_t i, double own_factor, double group_factor, double* gradient) const {
  const int64_t d = problem_.d, own = own_index(i), itself = self(i);
  if (own_rows_) own_rows_->add(i, own_factor, gradient);
  if (group_sums_.empty() || query_groups_[i] < 0) {
    if (own >= 0) keys_.add(own, own_factor, gradient);
    return;
  }
  const double* sum = &group_sums_[query_groups_[i] * d];
  for (int64_t c = 0; c < d; ++c) gradient[c] += group_factor * sum[c];
  if (in_group(i, itself)) keys_.add(itself, -group_factor, gradient);
  if (own >= 0) {
    const bool twice = in_group(i, own) && own != itself;
    keys_.add(own, own_factor - (twice ? group_factor : 0), gradient);
  }
}

double Positives::own_similarity(int64_t i, const double* x) const {
  if (!has_own(i)) return 0;
  const UnitRows& rows = own_rows_ ? *own_rows_ : keys_;
  const int64_t at = own_rows_ ? i : own_index(i);
  double sum = 0;
  for (int64_t c = 0; c < problem_.d; ++c) sum += x[c] * rows.row(at)[c];
  return sum * rows.inverse_norm[at];
}

double Positives::group_similarity(int64_t i, const double* x) const {
  if (group_sums_.empty() || query_groups_[i] < 0) return 0;
  std::vector<double> sum(static_cast<size_t>(problem_.d));
  add(i, 0, 1, sum.data());
  double similarity = 0;
  for (int64_t c = 0; c < problem_.d; ++c) similarity += x[c] * sum[c];
  return similarity;
}

std::vector<double> Positives::group_pulls(const ForEach& for_each) const {
  if (group_sums_.empty()) return {};
  const int64_t d = problem_.d;
  std::vector<double> sums(group_sums_.size());
  for_each((d + kColumnGrain - 1) / kColumnGrain, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kColumnGrain, last = std::min(d, end * kColumnGrain);
    for (int64_t i = 0; i < problem_.n; ++i) {
      if (query_groups_[i] < 0 || !counts(i)) continue;
      double* sum = &sums[query_groups_[i] * d];
      const double factor = queries_.inverse_norm[i] / count(i);
      for (int64_t c = first; c < last; ++c) sum[c] += factor * queries_.row(i)[c];
    }
  });
  return sums;
}

}  // namespace likewise::kernels::contrastive
