#include "likewise/eval/sphere.hpp"

#include <cmath>
#include <vector>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"

namespace likewise {
namespace {

constexpr int64_t kSphereTile = 192;
constexpr float kNearCosine = 0.95F;

// Inner products of the rows [begin, end) of a with all rows of b.
std::vector<float> products_of(const Tensor& a, int64_t begin, int64_t end, const Tensor& b) {
  const int64_t n = b.size(0), d = b.size(1);
  std::vector<float> out(static_cast<size_t>((end - begin) * n));
  kernels::inner_products(a.data_ptr<float>() + begin * d, end - begin, b.data_ptr<float>(), n, d,
                          out.data(), n);
  return out;
}

void check_pairs(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) {
    throw UserError("pairs need tables of equal shape, found [{}, {}] and [{}, {}]", a.size(0),
                    a.size(1), b.size(0), b.size(1));
  }
}

}  // namespace

double sphere_alignment(const Tensor& x, const Tensor& y) {
  const Tensor a = eval_detail::unit_rows(x), b = eval_detail::unit_rows(y);
  check_pairs(a, b);
  const int64_t n = a.size(0), d = a.size(1);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    sum +=
        eval_detail::squared_distance(a.data_ptr<float>() + i * d, b.data_ptr<float>() + i * d, d);
  }
  return sum / static_cast<double>(n);
}

double sphere_uniformity(const Tensor& x) {
  const Tensor unit = eval_detail::unit_rows(x);
  const int64_t n = unit.size(0);
  if (n < 2) throw UserError("uniformity needs at least 2 rows, found {}", n);
  std::vector<double> sums(static_cast<size_t>((n + kSphereTile - 1) / kSphereTile));
  eval_detail::for_each_tile(n, kSphereTile, [&](int64_t begin, int64_t end, int64_t tile) {
    const std::vector<float> cosines = products_of(unit, begin, end, unit);
    const float* data = cosines.data();
    double sum = 0;
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = i + 1; j < n; ++j) {
        // |a - b|^2 = 2 - 2 cos, never negative
        sum += std::exp(-2 * std::max(0.0, 2 - 2 * double{data[(i - begin) * n + j]}));
      }
    }
    sums[static_cast<size_t>(tile)] = sum;
  });
  double total = 0;
  for (double s : sums) total += s;
  return std::log(total / (static_cast<double>(n) * static_cast<double>(n - 1) / 2));
}

PairStatistics pair_statistics(const Tensor& z0, const Tensor& z1) {
  const Tensor a = eval_detail::unit_rows(z0), b = eval_detail::unit_rows(z1);
  check_pairs(a, b);
  const int64_t n = a.size(0);
  if (n < 2) throw UserError("negatives need at least 2 rows, found {}", n);
  std::vector<PairStatistics> parts(static_cast<size_t>((n + kSphereTile - 1) / kSphereTile));
  eval_detail::for_each_tile(n, kSphereTile, [&](int64_t begin, int64_t end, int64_t tile) {
    const std::vector<float> cosines = products_of(a, begin, end, b);
    PairStatistics& part = parts[static_cast<size_t>(tile)];
    for (int64_t i = begin; i < end; ++i) {
      const float* row = cosines.data() + (i - begin) * n;
      float hardest = -2;
      double sum = 0;
      for (int64_t j = 0; j < n; ++j) {
        if (j == i) continue;
        hardest = std::max(hardest, row[j]);
        sum += row[j];
        part.near_share += row[j] > kNearCosine;
      }
      part.positive_cosine += row[i];
      part.mean_negative_cosine += sum / static_cast<double>(n - 1);
      part.hardest_negative_cosine += hardest;
      // Rounding must not let a collapsed batch win by chance.
      part.retrieval += row[i] > hardest + 1e-6F;
    }
  });
  PairStatistics out;
  for (const PairStatistics& part : parts) {
    out.positive_cosine += part.positive_cosine / static_cast<double>(n);
    out.mean_negative_cosine += part.mean_negative_cosine / static_cast<double>(n);
    out.hardest_negative_cosine += part.hardest_negative_cosine / static_cast<double>(n);
    out.near_share += part.near_share / (static_cast<double>(n) * static_cast<double>(n - 1));
    out.retrieval += part.retrieval / static_cast<double>(n);
  }
  return out;
}

}  // namespace likewise
