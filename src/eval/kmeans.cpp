#include "likewise/eval/kmeans.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"

namespace likewise {
namespace {

constexpr int64_t kAssignTile = 512;

// Squared distance of a row to a centre in double.
double distance_to(const float* row, const double* centre, int64_t d) {
  double s[4] = {};
  int64_t j = 0;
  for (; j + 4 <= d; j += 4) {
    for (int64_t u = 0; u < 4; ++u)
      s[u] += (row[j + u] - centre[j + u]) * (row[j + u] - centre[j + u]);
  }
  for (; j < d; ++j) s[0] += (row[j] - centre[j]) * (row[j] - centre[j]);
  return (s[0] + s[1]) + (s[2] + s[3]);
}

// Labels and own squared distances; true when a label changed. Centres whose single-precision score
// is within its rounding error of the best are compared in double.
bool assign(const Tensor& x, const Tensor& centres, std::vector<int64_t>& labels,
            std::vector<double>& distances) {
  const int64_t n = x.size(0), d = x.size(1), k = centres.size(0);
  const double* centre = centres.data_ptr<double>();
  const Tensor narrow = centres.to(at::kFloat).contiguous();  // [K, D]
  std::vector<float> half_squares(static_cast<size_t>(k));
  double largest = 0;
  for (int64_t c = 0; c < k; ++c) {
    double square = 0;
    for (int64_t j = 0; j < d; ++j) square += centre[c * d + j] * centre[c * d + j];
    half_squares[static_cast<size_t>(c)] = static_cast<float>(square / 2);
    largest = std::max(largest, square);
  }
  std::vector<char> changed(static_cast<size_t>((n + kAssignTile - 1) / kAssignTile), 0);
  eval_detail::for_each_tile(n, kAssignTile, [&](int64_t begin, int64_t end, int64_t tile) {
    std::vector<float> product(static_cast<size_t>((end - begin) * k));
    kernels::inner_products(x.data_ptr<float>() + begin * d, end - begin, narrow.data_ptr<float>(),
                            k, d, product.data(), k);
    for (int64_t i = begin; i < end; ++i) {
      const float* row = x.data_ptr<float>() + i * d;
      float* score = product.data() + (i - begin) * k;
      float best = -std::numeric_limits<float>::infinity();
      for (int64_t c = 0; c < k; ++c) {
        score[c] -= half_squares[static_cast<size_t>(c)];
        best = std::max(best, score[c]);
      }
      const double norm = std::sqrt(eval_detail::dot(row, row, d) * largest);
      const double margin = 1.2e-7 * static_cast<double>(d + 4) * (norm + largest);
      int64_t nearest = 0;
      double least = std::numeric_limits<double>::infinity();
      for (int64_t c = 0; c < k; ++c) {
        if (score[c] < best - margin) continue;
        const double distance = distance_to(row, centre + c * d, d);
        if (distance < least) least = distance, nearest = c;
      }
      changed[static_cast<size_t>(tile)] |= labels[static_cast<size_t>(i)] != nearest;
      labels[static_cast<size_t>(i)] = nearest;
      distances[static_cast<size_t>(i)] = least;
    }
  });
  return std::find(changed.begin(), changed.end(), 1) != changed.end();
}

void move_centres(const Tensor& x, const std::vector<int64_t>& labels,
                  std::vector<double> distances, Tensor& centres) {
  const int64_t n = x.size(0), d = x.size(1), k = centres.size(0);
  const float* data = x.data_ptr<float>();
  double* sums = centres.data_ptr<double>();
  std::vector<int64_t> counts(static_cast<size_t>(k), 0);
  for (int64_t label : labels) ++counts[static_cast<size_t>(label)];
  std::fill(sums, sums + k * d, 0.0);
  // Columns in parallel, rows in order: the sums do not depend on the number of threads.
  eval_detail::for_each_tile(d, 64, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = 0; i < n; ++i) {
      double* sum = sums + labels[static_cast<size_t>(i)] * d;
      for (int64_t j = begin; j < end; ++j) sum[j] += data[i * d + j];
    }
  });
  for (int64_t c = 0; c < k; ++c) {
    const int64_t count = counts[static_cast<size_t>(c)];
    if (count > 0) {
      for (int64_t j = 0; j < d; ++j) sums[c * d + j] /= static_cast<double>(count);
      continue;
    }
    const auto farthest = std::max_element(distances.begin(), distances.end());
    const int64_t row = farthest - distances.begin();
    *farthest = 0;
    for (int64_t j = 0; j < d; ++j) sums[c * d + j] = data[row * d + j];
  }
}

// k-means++: every next centre is a row drawn with probability proportional to its squared distance
// from the centres there are.
Tensor plus_plus(const Tensor& x, int64_t k, Rng rng) {
  const int64_t n = x.size(0), d = x.size(1);
  const float* data = x.data_ptr<float>();
  Tensor centres = at::empty({k, d}, at::kDouble);
  std::vector<double> nearest(static_cast<size_t>(n), std::numeric_limits<double>::infinity());
  int64_t row = rng.below(n);
  for (int64_t c = 0; c < k; ++c) {
    if (c > 0) {
      double total = 0;
      for (double v : nearest) total += v;
      if (total > 0) {
        double left = rng.uniform() * total;
        row = 0;
        for (int64_t i = 0; i < n; ++i) {
          if (nearest[static_cast<size_t>(i)] <= 0) continue;
          row = i;  // the last candidate, should rounding use up the total
          left -= nearest[static_cast<size_t>(i)];
          if (left < 0) break;
        }
      } else {
        row = rng.below(n);  // fewer distinct rows than clusters
      }
    }
    for (int64_t j = 0; j < d; ++j) centres.data_ptr<double>()[c * d + j] = data[row * d + j];
    eval_detail::for_each_tile(n, 1024, [&](int64_t begin, int64_t end, int64_t) {
      for (int64_t i = begin; i < end; ++i) {
        double& least = nearest[static_cast<size_t>(i)];
        least = std::min(least, eval_detail::squared_distance(data + i * d, data + row * d, d));
      }
    });
  }
  return centres;
}

KMeansResult lloyd(const Tensor& x, Tensor centres, int64_t max_iterations) {
  const int64_t n = x.size(0);
  KMeansResult out;
  std::vector<int64_t> labels(static_cast<size_t>(n), -1);
  std::vector<double> distances(static_cast<size_t>(n));
  out.converged = !assign(x, centres, labels, distances);
  while (!out.converged && out.iterations < max_iterations) {
    move_centres(x, labels, distances, centres);
    out.converged = !assign(x, centres, labels, distances);
    ++out.iterations;
  }
  for (double v : distances) out.inertia += v;
  out.centres = centres;
  out.labels = at::empty({n}, at::kLong);
  std::copy(labels.begin(), labels.end(), out.labels.data_ptr<int64_t>());
  return out;
}

}  // namespace

KMeansResult kmeans(const Tensor& x, const KMeansOptions& options) {
  const Tensor rows = eval_detail::as_features(x, "features");
  if (rows.size(0) == 0) throw UserError("k-means needs at least one row");
  if (options.clusters < 1) throw UserError("clusters is {}, must be at least 1", options.clusters);
  const int64_t k = std::min(options.clusters, rows.size(0));
  KMeansResult best;
  for (int64_t r = 0; r < std::max<int64_t>(options.restarts, 1); ++r) {
    const Rng rng(static_cast<uint64_t>(options.seed), {static_cast<uint64_t>(r)});
    KMeansResult result = lloyd(rows, plus_plus(rows, k, rng), options.max_iterations);
    if (r == 0 || result.inertia < best.inertia) best = std::move(result);
  }
  return best;
}

KMeansResult kmeans_from(const Tensor& x, const Tensor& centres, int64_t max_iterations) {
  const Tensor rows = eval_detail::as_features(x, "features");
  const Tensor start = eval_detail::as_features(centres, "centres");
  if (rows.size(0) == 0 || start.size(0) == 0 || rows.size(1) != start.size(1)) {
    throw UserError(
        "k-means needs rows and centres of equal dimension, found [{}, {}] and [{}, {}]",
        rows.size(0), rows.size(1), start.size(0), start.size(1));
  }
  return lloyd(rows, start.to(at::kDouble).clone(), max_iterations);
}

}  // namespace likewise
