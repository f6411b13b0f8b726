#include "likewise/eval/search.hpp"

#include <ATen/ops/empty.h>

#include <cmath>
#include <limits>
#include <vector>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"

namespace likewise {
namespace {

using eval_detail::dot;
using eval_detail::squared_distance;

// Queries of a tile fill a part of the processor's second cache; every tile reads the base.
constexpr int64_t kQueryFloats = int64_t{1} << 17;
constexpr int64_t kFewestQueries = 32, kMostQueries = 512;
constexpr int64_t kSquareTile = 1024;

struct Candidate {
  double score;
  int64_t index;
};

bool nearer(const Candidate& a, const Candidate& b) {
  return a.score != b.score ? a.score > b.score : a.index < b.index;
}

// The candidates of one query: everything within `margin` of the k-th best seen so far.
class Candidates {
 public:
  void start(int64_t k, double margin, bool always_exact) {
    always_exact_ = always_exact;
    k_ = k;
    margin_ = margin;
    limit_ = static_cast<size_t>(std::max<int64_t>(4 * k, 256));
    most_ = static_cast<size_t>(std::max<int64_t>(8 * k, 4096));
    list_.clear();
    threshold_ = -std::numeric_limits<float>::infinity();
  }

  float add(float score, int64_t index) {  // returns the threshold from now on
    list_.push_back({score, index});
    if (list_.size() >= limit_) prune();
    return threshold_;
  }

  // The k best. Where rounding could have exchanged neighbours in the order, `exact` decides,
  // unless too many tie. (Proposed Euclidean scores lack the query's square and lose digits: always
  // exact.)
  template <class Exact>
  const std::vector<Candidate>& finish(const Exact& exact) {
    if (static_cast<int64_t>(list_.size()) > k_) prune();
    std::sort(list_.begin(), list_.end(), nearer);
    if (list_.size() < most_) {
      for (size_t begin = 0, end = 0; begin < list_.size(); begin = end) {
        for (end = begin + 1; end < list_.size(); ++end) {
          if (list_[end - 1].score - list_[end].score > margin_) break;
        }
        if (end - begin < 2 && !always_exact_) continue;
        const auto first = list_.begin() + static_cast<int64_t>(begin);
        const auto last = list_.begin() + static_cast<int64_t>(end);
        for (auto c = first; c != last; ++c) c->score = exact(c->index);
        std::sort(first, last, nearer);
      }
    }
    list_.resize(static_cast<size_t>(k_));
    return list_;
  }

 private:
  void prune() {
    const auto kth = list_.begin() + (k_ - 1);
    std::nth_element(list_.begin(), kth, list_.end(), nearer);
    const double lowest = kth->score - margin_;
    // Rounded down, so that the comparison in float keeps everything at or above `lowest`.
    threshold_ =
        std::nextafter(static_cast<float>(lowest), -std::numeric_limits<float>::infinity());
    const auto keep = [&](const Candidate& c) { return c.score >= lowest; };
    list_.erase(std::partition(kth + 1, list_.end(), keep), list_.end());
    if (list_.size() >= most_) {
      std::nth_element(list_.begin(), list_.begin() + static_cast<int64_t>(most_) - 1, list_.end(),
                       nearer);
      list_.resize(most_);
    }
    limit_ = std::max(limit_, 2 * list_.size());
  }

  bool always_exact_ = false;
  int64_t k_ = 1;
  double margin_ = 0;
  size_t limit_ = 0, most_ = 0;
  float threshold_ = 0;
  std::vector<Candidate> list_;
};

Neighbours search_tiles(const Tensor& queries, const Tensor& base, int64_t k, Metric metric,
                        bool skip_self) {
  const int64_t q = queries.size(0), n = base.size(0), d = base.size(1);
  const float* query_data = queries.data_ptr<float>();
  const float* base_data = base.data_ptr<float>();
  const bool euclidean = metric == Metric::kL2;

  std::vector<double> squares(static_cast<size_t>(metric == Metric::kCosine ? 0 : n));
  eval_detail::for_each_tile(
      static_cast<int64_t>(squares.size()), kSquareTile, [&](int64_t begin, int64_t end, int64_t) {
        for (int64_t i = begin; i < end; ++i) {
          squares[static_cast<size_t>(i)] = dot(base_data + i * d, base_data + i * d, d);
        }
      });
  double largest = metric == Metric::kCosine ? 1 : 0;
  for (double s : squares) largest = std::max(largest, s);

  Neighbours out{at::empty({q, k}, at::kFloat), at::empty({q, k}, at::kLong)};
  float* out_scores = out.scores.data_ptr<float>();
  int64_t* out_indices = out.indices.data_ptr<int64_t>();
  std::vector<float> offsets;  // |q|^2 is the same for all scores of a query
  if (euclidean) {
    for (double s : squares) offsets.push_back(-static_cast<float>(s));
  }
  const int64_t tile =
      std::clamp(kQueryFloats / std::max<int64_t>(1, d) / 32 * 32, kFewestQueries, kMostQueries);
  eval_detail::for_each_tile(q, tile, [&](int64_t begin, int64_t end, int64_t) {
    std::vector<Candidates> lists(static_cast<size_t>(end - begin));
    for (int64_t i = begin; i < end; ++i) {
      // Twice the bound of a sum of D products in single precision: both sides of a comparison err.
      const double norm = std::sqrt(dot(query_data + i * d, query_data + i * d, d));
      double scale = norm * std::sqrt(largest);
      if (euclidean) scale = 2 * scale + largest;
      lists[static_cast<size_t>(i - begin)].start(k, 1.2e-7 * static_cast<double>(d + 2) * scale,
                                                  euclidean);
    }
    kernels::ProductSearch search(query_data + begin * d, end - begin, d);
    search.scan(base_data, n, euclidean ? 2 : 1, euclidean ? offsets.data() : nullptr,
                [&](int64_t i, int64_t row, float score) {
                  if (skip_self && row == begin + i) return;
                  search.threshold(i) = lists[static_cast<size_t>(i)].add(score, row);
                });
    for (int64_t i = begin; i < end; ++i) {
      const float* query = query_data + i * d;
      const auto exact = [&](int64_t j) {
        return euclidean ? -squared_distance(query, base_data + j * d, d)
                         : dot(query, base_data + j * d, d);
      };
      const auto& best = lists[static_cast<size_t>(i - begin)].finish(exact);
      for (int64_t r = 0; r < k; ++r) {
        const Candidate& c = best[static_cast<size_t>(r)];
        out_scores[i * k + r] = static_cast<float>(euclidean ? -c.score : c.score);
        out_indices[i * k + r] = c.index;
      }
    }
  });
  return out;
}

Tensor prepared(const Tensor& x, Metric metric, const char* what) {
  return metric == Metric::kCosine ? eval_detail::unit_rows(x) : eval_detail::as_features(x, what);
}

}  // namespace

Neighbours top_k(const Tensor& queries, const Tensor& base, int64_t k, Metric metric) {
  const Tensor q = prepared(queries, metric, "queries"), b = prepared(base, metric, "base");
  if (q.size(1) != b.size(1)) {
    throw UserError("queries have {} dimensions and the base has {}", q.size(1), b.size(1));
  }
  if (k < 1) throw UserError("k is {}, must be at least 1", k);
  return search_tiles(q, b, std::min(k, b.size(0)), metric, false);
}

Neighbours top_k_others(const Tensor& x, int64_t k, Metric metric) {
  const Tensor rows = prepared(x, metric, "features");
  if (k < 1) throw UserError("k is {}, must be at least 1", k);
  return search_tiles(rows, rows, std::min(k, std::max<int64_t>(rows.size(0) - 1, 0)), metric,
                      true);
}

}  // namespace likewise
