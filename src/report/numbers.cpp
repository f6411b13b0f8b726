#include "report/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "likewise/base/text.hpp"

namespace likewise::report {

namespace {

// A true minus sign is as wide as a digit and does not break a line.
std::string with_minus(std::string digits) {
  if (!digits.empty() && digits[0] == '-') digits.replace(0, 1, "−");
  return digits;
}

std::string without_zeros(std::string digits) {
  if (digits.find('.') == std::string::npos || digits.find('e') != std::string::npos) return digits;
  while (digits.back() == '0') digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
  return digits == "-0" ? "0" : digits;
}

}  // namespace

std::string show_number(double value) {
  if (!std::isfinite(value)) return "–";
  const double size = std::abs(value);
  if (size >= 1e3 && size < 1e15) return with_minus(format_count(std::llround(value)));
  if (size != 0 && (size < 1e-4 || size >= 1e15)) return with_minus(fmt::format("{:.2e}", value));
  const int before = size < 1 ? 0 : static_cast<int>(std::floor(std::log10(size)));
  return with_minus(without_zeros(fmt::format("{:.{}f}", value, size < 0.1 ? 5 : 3 - before)));
}

std::string show_tick(double value, double step, Unit unit) {
  if (std::abs(value) < step * 1e-6) value = 0;
  if (unit == Unit::kShare) {
    return without_zeros(fmt::format("{:.{}f}", 100 * value, step < 0.01 ? 1 : 0)) + "%";
  }
  const double size = std::abs(value);
  if (size >= 1e6) return with_minus(without_zeros(fmt::format("{:.2f}", value / 1e6)) + "M");
  if (size >= 1e4) return with_minus(without_zeros(fmt::format("{:.1f}", value / 1e3)) + "k");
  if (value == 0) return "0";
  if (step < 1e-4) return with_minus(fmt::format("{:.1e}", value));
  int digits = 0;  // as many as the step needs: 1 for 2.5
  for (double s = step; digits < 6 && std::abs(s - std::round(s)) > 1e-6 * s; s *= 10) ++digits;
  return with_minus(fmt::format("{:.{}f}", value, digits));
}

std::string show_value(double value, Unit unit) {
  if (unit == Unit::kShare && std::isfinite(value)) return fmt::format("{:.1f}%", 100 * value);
  return show_number(value);
}

Score read_score(const Json& value) {
  if (value.is_number()) return {as_number(value), kNan, kNan};
  return {number(value, "mean"), number(value, "half_width"), number(value, "n")};
}

std::string show_score(const Score& score) {
  if (!std::isfinite(score.mean)) return "–";
  if (!std::isfinite(score.half_width)) return fmt::format("{:.1f}", 100 * score.mean);
  return fmt::format("{:.1f} ± {:.1f}", 100 * score.mean, 100 * score.half_width);
}

std::vector<double> nice_ticks(double low, double high, int count) {
  const double span = high - low;
  if (!(span > 0) || count < 1) return {low};
  const double rough = span / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * power >= rough * 0.75) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  const auto first = static_cast<int64_t>(std::ceil(low / step - 1e-9));
  const auto last = static_cast<int64_t>(std::floor(high / step + 1e-9));
  for (int64_t i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

int feature_colour(const std::string& name, size_t position) {
  const std::string folded = lower(name);
  if (folded == "likewise") return 0;
  if (folded == "raw pixels" || folded == "raw input") return 1;
  if (folded == "untrained encoder") return 2;
  return 3 + static_cast<int>(position % 5);
}

}  // namespace likewise::report
