#include "likewise/eval/select.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"
#include "likewise/eval/kmeans.hpp"
#include "likewise/eval/labels.hpp"
#include "likewise/eval/search.hpp"

namespace likewise {
namespace {

// Clusters smaller than this are left for last, and more than this many are never made (both as in
// the paper's code).
constexpr int64_t kSmallCluster = 5, kMostClusters = 500;

class KCentre {
 public:
  explicit KCentre(const Tensor& unit)
      : x_(unit),
        nearest_(static_cast<size_t>(unit.size(0)), std::numeric_limits<double>::infinity()) {}

  void add(int64_t row) {
    const int64_t d = x_.size(1);
    const float* data = x_.data_ptr<float>();
    eval_detail::for_each_tile(x_.size(0), 1024, [&](int64_t begin, int64_t end, int64_t) {
      for (int64_t i = begin; i < end; ++i) {
        double& least = nearest_[static_cast<size_t>(i)];
        least = std::min(least, eval_detail::squared_distance(data + i * d, data + row * d, d));
      }
    });
    nearest_[static_cast<size_t>(row)] = -1;  // never again, even among duplicates
  }

  int64_t farthest() const {
    return std::max_element(nearest_.begin(), nearest_.end()) - nearest_.begin();
  }
  double distance(int64_t row) const { return std::sqrt(nearest_[static_cast<size_t>(row)]); }

 private:
  Tensor x_;
  std::vector<double> nearest_;
};

int64_t nearest_to_mean(const Tensor& unit) {
  const int64_t n = unit.size(0), d = unit.size(1);
  const float* data = unit.data_ptr<float>();
  std::vector<double> sum(static_cast<size_t>(d), 0);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < d; ++j) sum[static_cast<size_t>(j)] += data[i * d + j];
  }
  std::vector<float> mean(sum.size());
  for (size_t j = 0; j < sum.size(); ++j)
    mean[j] = static_cast<float>(sum[j] / static_cast<double>(n));
  int64_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < n; ++i) {
    const double distance = eval_detail::squared_distance(data + i * d, mean.data(), d);
    if (distance < least) least = distance, best = i;
  }
  return best;
}

Suggestion by_cover(const Tensor& unit, const std::vector<int64_t>& labelled_rows, int64_t count) {
  KCentre cover(unit);
  for (int64_t row : labelled_rows) cover.add(row);
  Suggestion out;
  for (int64_t c = 0; c < count; ++c) {
    const bool first = c == 0 && labelled_rows.empty();
    const int64_t row = first ? nearest_to_mean(unit) : cover.farthest();
    out.rows.push_back(row);
    out.scores.push_back(cover.distance(row));
    cover.add(row);
  }
  return out;
}

// 1 / mean distance to the nearest neighbours within `rows`; infinite for exact copies.
std::vector<double> typicality(const Tensor& unit, const std::vector<int64_t>& rows,
                               int64_t neighbours) {
  std::vector<double> out(rows.size(), 0);
  if (rows.size() < 2) return out;
  FeatureSet all;
  all.x = unit;
  const Neighbours near = top_k_others(take(all, rows).x, neighbours, Metric::kL2);
  const int64_t k = near.scores.size(1);
  for (size_t i = 0; i < rows.size(); ++i) {
    double sum = 0;
    for (int64_t r = 0; r < k; ++r) {
      sum += std::sqrt(double{near.scores.data_ptr<float>()[static_cast<int64_t>(i) * k + r]});
    }
    out[i] = static_cast<double>(k) / sum;
  }
  return out;
}

struct Cluster {
  int64_t labels = 0;  // labelled or already suggested
  int64_t size = 0;
  std::vector<int64_t> order;  // rows without a label, most typical first
  std::vector<double> scores;
  size_t used = 0;
};

Suggestion by_typicality(const Tensor& unit, const std::vector<int64_t>& labelled_rows,
                         int64_t count, const SelectOptions& options) {
  KMeansOptions how;
  how.clusters =
      std::min<int64_t>(static_cast<int64_t>(labelled_rows.size()) + count, kMostClusters);
  how.seed = options.seed;
  const KMeansResult groups = kmeans(unit, how);
  const int64_t k = groups.centres.size(0);
  std::vector<char> known(static_cast<size_t>(unit.size(0)), 0);
  for (int64_t row : labelled_rows) known[static_cast<size_t>(row)] = 1;
  std::vector<Cluster> clusters;
  for (const auto& rows : rows_by_class(groups.labels, k)) {
    const std::vector<double> score = typicality(unit, rows, options.neighbours);
    std::vector<size_t> order;
    Cluster cluster;
    cluster.size = static_cast<int64_t>(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      if (known[static_cast<size_t>(rows[i])]) {
        ++cluster.labels;
      } else {
        order.push_back(i);
      }
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return score[a] > score[b]; });
    for (size_t i : order) cluster.order.push_back(rows[i]), cluster.scores.push_back(score[i]);
    clusters.push_back(std::move(cluster));
  }
  Suggestion out;
  for (int64_t c = 0; c < count; ++c) {
    const auto before = [](const Cluster& a, const Cluster& b) {
      const bool a_left = a.used < a.order.size(), b_left = b.used < b.order.size();
      if (a_left != b_left) return a_left;
      if ((a.size < kSmallCluster) != (b.size < kSmallCluster)) return b.size < kSmallCluster;
      return a.labels != b.labels ? a.labels < b.labels : a.size > b.size;
    };
    Cluster& next = *std::min_element(clusters.begin(), clusters.end(), before);
    out.rows.push_back(next.order[next.used]);
    out.scores.push_back(next.scores[next.used]);
    ++next.used;
    ++next.labels;
  }
  return out;
}

}  // namespace

Suggestion suggest(const Tensor& x, const std::vector<int64_t>& labelled_rows,
                   const SelectOptions& options) {
  const Tensor unit = eval_detail::unit_rows(x);
  const int64_t n = unit.size(0);
  std::vector<int64_t> known = labelled_rows;
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  if (!known.empty() && (known.front() < 0 || known.back() >= n)) {
    throw UserError("labelled row {} is outside of the {} rows",
                    known.front() < 0 ? known.front() : known.back(), n);
  }
  const int64_t count = std::min(options.count, n - static_cast<int64_t>(known.size()));
  if (count < 1) return {};
  if (options.strategy == "cover") return by_cover(unit, known, count);
  if (options.strategy == "typical") return by_typicality(unit, known, count, options);
  throw UserError("strategy '{}' is unknown; there are typical and cover", options.strategy);
}

}  // namespace likewise
