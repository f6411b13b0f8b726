#pragma once
// A mean with its interval, as every accuracy is reported.

#include <cstdint>
#include <string>
#include <vector>

namespace likewise {

// The 97.5 % quantile of Student's t with `freedom` degrees of freedom (>= 1): the factor of a
// two-sided 95 % interval. From the closed form of the distribution (Abramowitz and Stegun 26.7.3,
// 26.7.4), good to 1e-12; 12.706 for 1, 2.262 for 9, 1.960 in the limit.
double student_t_975(int64_t freedom);

struct MeanInterval {
  double mean = 0;
  double half_width = 0;  // NaN for n = 1: one value says nothing of its spread
  int64_t n = 0;

  // "65.2 ± 0.9" for scale 100 and one decimal; "65.2" alone where there is no interval.
  std::string text(double scale = 100, int decimals = 1) const;
};

// Mean ± t(n - 1) * s / sqrt(n), s the sample deviation (n - 1): for few draws.
MeanInterval mean_t(const std::vector<double>& values);

// Mean ± 1.96 * s / sqrt(n), s the deviation with n in the denominator: the convention for episodes
// (MAML's published code).
MeanInterval mean_normal(const std::vector<double>& values);

}  // namespace likewise
