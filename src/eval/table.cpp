#include "likewise/eval/table.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "likewise/base/error.hpp"

namespace likewise {
namespace {

// P(|T| < t) for `freedom` degrees of freedom: a finite sum in the angle atan(t / sqrt(freedom)).
double student_two_sided(double t, int64_t freedom) {
  const double angle = std::atan(t / std::sqrt(static_cast<double>(freedom)));
  const double sine = std::sin(angle), cosine = std::cos(angle), square = cosine * cosine;
  double term = freedom % 2 == 0 ? 1.0 : cosine, sum = 0;
  for (int64_t k = freedom % 2 == 0 ? 1 : 2; k < freedom; k += 2) {
    sum += term;
    term *= square * static_cast<double>(k) / static_cast<double>(k + 1);
  }
  return freedom % 2 == 0 ? sine * sum : 2 / M_PI * (angle + sine * sum);
}

double sum_of_squares(const std::vector<double>& values, double mean) {
  double sum = 0;
  for (double v : values) sum += (v - mean) * (v - mean);
  return sum;
}

double plain_mean(const std::vector<double>& values) {
  LIKEWISE_CHECK(!values.empty(), "the mean of no values");
  double sum = 0;
  for (double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

}  // namespace

double student_t_975(int64_t freedom) {
  LIKEWISE_CHECK(freedom >= 1, "freedom {}", freedom);
  constexpr double kNormal = 1.959963984540054;
  // Beyond, the first terms of the expansion in 1 / freedom (A & S 26.7.5) are exact to 1e-12.
  if (freedom > 2000) {
    const double z = kNormal, z2 = z * z, v = static_cast<double>(freedom);
    const double g1 = z * (z2 + 1) / 4, g2 = z * ((5 * z2 + 16) * z2 + 3) / 96;
    const double g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
    return z + g1 / v + g2 / (v * v) + g3 / (v * v * v);
  }
  double low = 0, high = 13;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (student_two_sided(middle, freedom) < 0.95 ? low : high) = middle;
  }
  return (low + high) / 2;
}

std::string MeanInterval::text(double scale, int decimals) const {
  if (std::isnan(half_width)) return fmt::format("{:.{}f}", mean * scale, decimals);
  return fmt::format("{:.{}f} ± {:.{}f}", mean * scale, decimals, half_width * scale, decimals);
}

MeanInterval mean_t(const std::vector<double>& values) {
  const auto n = static_cast<int64_t>(values.size());
  MeanInterval out{plain_mean(values), std::numeric_limits<double>::quiet_NaN(), n};
  if (n > 1) {
    const auto count = static_cast<double>(n);
    const double deviation = std::sqrt(sum_of_squares(values, out.mean) / (count - 1));
    out.half_width = student_t_975(n - 1) * deviation / std::sqrt(count);
  }
  return out;
}

MeanInterval mean_normal(const std::vector<double>& values) {
  const auto n = static_cast<int64_t>(values.size());
  MeanInterval out{plain_mean(values), std::numeric_limits<double>::quiet_NaN(), n};
  if (n > 1) {
    const auto count = static_cast<double>(n);
    out.half_width = 1.96 * std::sqrt(sum_of_squares(values, out.mean) / count) / std::sqrt(count);
  }
  return out;
}

}  // namespace likewise
