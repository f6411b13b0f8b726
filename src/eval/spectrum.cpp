#include "likewise/eval/spectrum.hpp"

#include <ATen/ops/linalg_svdvals.h>

#include <cmath>
#include <vector>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"

namespace likewise {
namespace {

std::vector<double> singular_values(const Tensor& x) {
  const Tensor s = at::linalg_svdvals(x).contiguous();
  return {s.data_ptr<double>(), s.data_ptr<double>() + s.numel()};
}

double entropy_rank(const std::vector<double>& s, double floor) {
  double sum = 0, entropy = 0;
  for (double v : s) sum += v;
  if (sum <= 0) return 0;
  for (double v : s) {
    const double p = v / sum + floor;
    if (p > 0) entropy -= p * std::log(p);
  }
  return std::exp(entropy);
}

}  // namespace

Spectrum spectrum(const Tensor& x) {
  const Tensor rows = eval_detail::as_features(x, "features").to(at::kDouble);
  if (rows.size(0) < 2) throw UserError("a spectrum needs at least 2 rows, found {}", rows.size(0));
  Spectrum out;
  const auto s = singular_values(rows);
  out.rankme = entropy_rank(s, 1e-7);
  out.effective_rank = entropy_rank(s, 0);
  double sum = 0, squares = 0;
  for (double v : singular_values(rows.sub(rows.mean(0, true)))) {
    sum += v * v;
    squares += v * v * v * v;
  }
  out.participation_ratio = squares > 0 ? sum * sum / squares : 0;
  return out;
}

double unit_std(const Tensor& x) {
  const Tensor unit = eval_detail::unit_rows(x);
  const int64_t n = unit.size(0), d = unit.size(1);
  if (n == 0 || d == 0) throw UserError("the deviation of an empty table is undefined");
  const float* data = unit.data_ptr<float>();
  std::vector<double> mean(static_cast<size_t>(d)), square(static_cast<size_t>(d));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < d; ++j) mean[static_cast<size_t>(j)] += data[i * d + j];
  }
  for (double& m : mean) m /= static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < d; ++j) {
      const double e = data[i * d + j] - mean[static_cast<size_t>(j)];
      square[static_cast<size_t>(j)] += e * e;
    }
  }
  double sum = 0;
  for (double v : square) sum += std::sqrt(v / static_cast<double>(n));
  return sum / static_cast<double>(d);
}

}  // namespace likewise
