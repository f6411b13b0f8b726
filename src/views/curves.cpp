#include "views/curves.hpp"

#include <algorithm>
#include <cmath>

namespace likewise::detail {

float linear_at(const float* row, int64_t length, double place) {
  place = std::clamp(place, 0.0, static_cast<double>(length - 1));
  const auto at = static_cast<int64_t>(place);
  const float part = static_cast<float>(place - static_cast<double>(at));
  const float left = row[at], right = row[std::min(at + 1, length - 1)];
  return left + part * (right - left);
}

float cubic_at(const float* row, int64_t length, double place) {
  const double floor = std::floor(place);
  const auto at = static_cast<int64_t>(floor);
  const double t = place - floor;
  const auto value = [&](int64_t i) -> double { return i >= 0 && i < length ? row[i] : 0.0; };
  const double a = value(at - 1), b = value(at), c = value(at + 1), d = value(at + 2);
  return static_cast<float>(
      b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))));
}

void resample_cubic(const float* row, int64_t length, double speed, float* out, int64_t frames) {
  for (int64_t t = 0; t < frames; ++t) {
    const double place = static_cast<double>(t) * speed;
    const auto at = static_cast<int64_t>(place);
    if (at < 1 || at + 2 >= length) {
      out[t] = cubic_at(row, length, place);
      continue;
    }
    const auto u = static_cast<float>(place - static_cast<double>(at));
    const float a = row[at - 1], b = row[at], c = row[at + 1], d = row[at + 2];
    out[t] = b + 0.5F * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)));
  }
}

std::vector<double> smooth_noise(int64_t length, int64_t knots, double deviation, Rng& rng) {
  std::vector<float> drawn;
  for (int64_t k = 0; k < knots + 2; ++k)
    drawn.push_back(static_cast<float>(deviation * rng.normal()));
  // The ends go on, so that the curve does not fall to zero there.
  std::vector<float> padded = {drawn.front()};
  padded.insert(padded.end(), drawn.begin(), drawn.end());
  padded.push_back(drawn.back());
  std::vector<double> out;
  for (int64_t t = 0; t < length; ++t) {
    const double place = length < 2 ? 0.0
                                    : static_cast<double>(t) / static_cast<double>(length - 1) *
                                          static_cast<double>(knots + 1);
    out.push_back(cubic_at(padded.data(), static_cast<int64_t>(padded.size()), place + 1));
  }
  return out;
}

double deviation_of(const float* row, int64_t length) {
  double sum = 0, squares = 0;
  for (int64_t t = 0; t < length; ++t)
    sum += row[t], squares += static_cast<double>(row[t]) * row[t];
  const double n = static_cast<double>(std::max<int64_t>(1, length)), mean = sum / n;
  return std::sqrt(std::max(0.0, squares / n - mean * mean));
}

}  // namespace likewise::detail
