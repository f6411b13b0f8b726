#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/map_detail.hpp"
#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"

namespace likewise::eval_detail {

namespace {

// Fills `p` for one row and returns its entropy in nats.
double affinity_row(const double* distances, int64_t k, double nearest, double beta, double* p) {
  double sum = 0, weighted = 0;
  for (int64_t j = 0; j < k; ++j) {
    const double shifted = distances[j] - nearest;  // the nearest gets weight 1: no underflow
    p[j] = std::exp(-beta * shifted);
    sum += p[j];
    weighted += p[j] * shifted;
  }
  for (int64_t j = 0; j < k; ++j) p[j] /= sum;
  return std::log(sum) + beta * weighted / sum;
}

}  // namespace

Tensor conditional_affinities(const Tensor& squared_distances, double perplexity) {
  const Tensor distances = squared_distances.to(at::kDouble).contiguous();
  const int64_t n = distances.size(0), k = distances.size(1);
  Tensor out = at::empty_like(distances);
  const double target = std::log(std::min(perplexity, static_cast<double>(k)));
  const double* d = distances.data_ptr<double>();
  double* p = out.data_ptr<double>();
  for_each_tile(n, 64, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) {
      const double* row = d + i * k;
      const double nearest = *std::min_element(row, row + k);
      const double spread = *std::max_element(row, row + k) - nearest;
      double low = 0, high = std::numeric_limits<double>::infinity();
      double beta = spread > 0 ? 1 / spread : 1;
      for (int step = 0; step < 200; ++step) {
        const double entropy = affinity_row(row, k, nearest, beta, p + i * k);
        if (std::abs(entropy - target) < 1e-10) break;
        (entropy > target ? low : high) = beta;
        beta = std::isinf(high) ? 2 * beta : (low + high) / 2;
        if (!std::isfinite(beta)) break;  // equal distances: every beta gives the same row
      }
    }
  });
  return out;
}

Affinities joint_affinities(const Tensor& indices, const Tensor& conditional) {
  const int64_t n = indices.size(0), k = indices.size(1);
  const Tensor index = indices.to(at::kLong).contiguous();
  const Tensor value = conditional.to(at::kDouble).contiguous();
  const int64_t* to = index.data_ptr<int64_t>();
  const double* p = value.data_ptr<double>();
  std::vector<std::vector<std::pair<int32_t, double>>> rows(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < k; ++j) {
      const int64_t other = to[i * k + j];
      const double half = p[i * k + j] / (2 * static_cast<double>(n));
      rows[static_cast<size_t>(i)].emplace_back(static_cast<int32_t>(other), half);
      rows[static_cast<size_t>(other)].emplace_back(static_cast<int32_t>(i), half);
    }
  }
  Affinities out;
  out.offsets.push_back(0);
  for (auto& row : rows) {
    std::sort(row.begin(), row.end());
    for (size_t e = 0; e < row.size(); ++e) {
      if (e > 0 && row[e].first == row[e - 1].first) {
        out.values.back() += row[e].second;  // each is the other's neighbour
      } else {
        out.columns.push_back(row[e].first);
        out.values.push_back(row[e].second);
      }
    }
    out.offsets.push_back(static_cast<int64_t>(out.columns.size()));
  }
  return out;
}

}  // namespace likewise::eval_detail
