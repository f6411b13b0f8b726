#include "likewise/eval/batch_bias.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"

namespace likewise {
namespace {

// exp(s/tau - largest) of one anchor's negatives, and the largest.
struct Row {
  std::vector<double> e;
  double largest = 0;
  double mean = 0, variance = 0;
};

Row row_of(const Tensor& unit, int64_t anchor, double temperature) {
  const int64_t n = unit.size(0), d = unit.size(1);
  std::vector<float> s(static_cast<size_t>(n));
  kernels::inner_products(unit.data_ptr<float>() + anchor * d, 1, unit.data_ptr<float>(), n, d,
                          s.data(), n);
  Row row;
  row.largest = -std::numeric_limits<double>::infinity();
  for (int64_t j = 0; j < n; ++j) {
    if (j != anchor) row.largest = std::max(row.largest, s[static_cast<size_t>(j)] / temperature);
  }
  for (int64_t j = 0; j < n; ++j) {
    if (j != anchor) row.e.push_back(std::exp(s[static_cast<size_t>(j)] / temperature - row.largest));
  }
  for (const double e : row.e) row.mean += e / static_cast<double>(row.e.size());
  for (const double e : row.e) {
    row.variance += (e - row.mean) * (e - row.mean) / static_cast<double>(row.e.size());
  }
  return row;
}

double slope_of(const std::vector<BatchBias>& sizes) {
  double mx = 0, my = 0, sxx = 0, sxy = 0;
  const auto n = static_cast<double>(sizes.size());
  for (const BatchBias& b : sizes) {
    if (b.gap <= 0) return std::numeric_limits<double>::quiet_NaN();
    mx += std::log(static_cast<double>(b.negatives)) / n;
    my += std::log(b.gap) / n;
  }
  for (const BatchBias& b : sizes) {
    const double x = std::log(static_cast<double>(b.negatives)) - mx;
    sxx += x * x;
    sxy += x * (std::log(b.gap) - my);
  }
  return sxy / sxx;
}

}  // namespace

BatchBiasReport batch_bias(const Tensor& z, double temperature, const std::vector<int64_t>& sizes,
                           int64_t anchors, int64_t draws, Rng& rng) {
  const int64_t n = z.size(0);
  if (n < 3) throw UserError("the bias of a batch needs 3 samples or more, found {}", n);
  LIKEWISE_CHECK(temperature > 0 && draws >= 1 && anchors >= 1, "temperature, draws and anchors");
  const Tensor unit = eval_detail::unit_rows(z);
  anchors = std::min(anchors, n);
  BatchBiasReport report;
  std::vector<double> gaps(sizes.size()), squares(sizes.size());
  for (int64_t a = 0; a < anchors; ++a) {
    const Row row = row_of(unit, a * n / anchors, temperature);
    const double full = std::log(row.mean) + row.largest;
    report.full += full / static_cast<double>(anchors);
    report.relative_variance +=
        row.variance / (row.mean * row.mean) / static_cast<double>(anchors);
    for (size_t i = 0; i < sizes.size(); ++i) {
      double gap = 0;
      for (int64_t t = 0; t < draws; ++t) {
        double sum = 0;
        for (int64_t k = 0; k < sizes[i]; ++k) {
          sum += row.e[static_cast<size_t>(rng.below(static_cast<int64_t>(row.e.size())))];
        }
        // A control variate: log(x) is nearly x - 1, whose mean is known to be 0.
        const double ratio = sum / static_cast<double>(sizes[i]) / row.mean;
        gap += (ratio - 1 - std::log(ratio)) / static_cast<double>(draws);
      }
      gaps[i] += gap / static_cast<double>(anchors);
      squares[i] += gap * gap / static_cast<double>(anchors);
    }
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    const double variance = std::max(0.0, squares[i] - gaps[i] * gaps[i]);
    report.sizes.push_back({sizes[i], report.full - gaps[i], gaps[i],
                            std::sqrt(variance / static_cast<double>(anchors))});
  }
  report.slope = slope_of(report.sizes);
  return report;
}

}  // namespace likewise
