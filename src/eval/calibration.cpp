#include "likewise/eval/calibration.hpp"

#include <ATen/ops/softmax.h>

#include <cmath>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"

namespace likewise {
namespace {

struct Slope {
  double first = 0, second = 0;  // derivatives of the mean loss by b = 1 / T
};

// d/db = mean(E_p[z] - z_label), d2/db2 = mean(Var_p[z]), p = softmax(b z).
Slope slope_at(double b, const double* z, const int64_t* labels, int64_t n, int64_t k) {
  Slope slope;
  for (int64_t i = 0; i < n; ++i) {
    const double* row = z + i * k;
    double top = row[0];
    for (int64_t c = 1; c < k; ++c) top = std::max(top, row[c]);
    double weight = 0, first = 0, second = 0;
    for (int64_t c = 0; c < k; ++c) {
      const double below = row[c] - top, p = std::exp(b * below);
      weight += p;
      first += p * below;
      second += p * below * below;
    }
    const double mean = first / weight;
    slope.first += mean - (row[labels[i]] - top);
    slope.second += second / weight - mean * mean;
  }
  slope.first /= static_cast<double>(n);
  slope.second /= static_cast<double>(n);
  return slope;
}

}  // namespace

double fit_temperature(const Tensor& logits, const Tensor& labels) {
  if (logits.dim() != 2 || logits.size(0) == 0 || logits.size(1) == 0) {
    throw UserError("temperature scaling needs held-out rows of logits [rows, classes]");
  }
  const Tensor z = logits.detach().to(at::kCPU, at::kDouble).contiguous();
  const int64_t n = z.size(0), k = z.size(1);
  const Tensor y = eval_detail::as_labels(labels, n, "labels");
  const int64_t* label = y.data_ptr<int64_t>();
  for (int64_t i = 0; i < n; ++i) {
    if (label[i] < 0 || label[i] >= k) {
      throw UserError("label {} in row {} is outside of the {} classes", label[i], i, k);
    }
  }
  double low = 0.01, high = 100, b = 1;
  for (int iteration = 0; iteration < 200; ++iteration) {
    const Slope slope = slope_at(b, z.data_ptr<double>(), label, n, k);
    (slope.first > 0 ? high : low) = b;
    double next = slope.second > 0 ? b - slope.first / slope.second : 0;
    // A step out of the bracket is replaced by its geometric middle, as b is a scale.
    if (!(next > low && next < high)) next = std::sqrt(low * high);
    if (std::abs(next - b) <= 1e-11 * b) return 1 / next;
    b = next;
  }
  return 1 / b;
}

Tensor apply_temperature(const Tensor& logits, double temperature) {
  if (!(temperature > 0)) throw UserError("temperature is {}, must be positive", temperature);
  return at::softmax(logits.detach().to(at::kDouble).div(temperature), 1);
}

}  // namespace likewise
