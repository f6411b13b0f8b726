#include "data/lanczos.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace likewise::detail {

namespace {

double lanczos3(double x) {
  x = std::abs(x);
  if (x >= 3.0) return 0.0;
  if (x < 1e-9) return 1.0;
  const double t = std::numbers::pi * x;
  return 3.0 * std::sin(t) * std::sin(t / 3.0) / (t * t);
}

uint8_t to_byte(float value) {
  return static_cast<uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
}

}  // namespace

const LanczosToSquare::Taps& LanczosToSquare::taps(int64_t side) {
  const auto [entry, is_new] = tables_.try_emplace(side);
  Taps& table = entry->second;
  if (!is_new) return table;
  const double scale = static_cast<double>(side) / static_cast<double>(out_side_);
  const double stretch = std::max(scale, 1.0);
  const double support = 3.0 * stretch;
  table.stride = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
  table.weights.assign(static_cast<size_t>(table.stride * out_side_), 0.0f);
  for (int64_t o = 0; o < out_side_; ++o) {
    const double centre = (static_cast<double>(o) + 0.5) * scale;
    const auto low = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const auto high = std::min<int64_t>(side, static_cast<int64_t>(centre + support + 0.5));
    std::vector<double> row;
    double sum = 0.0;
    for (int64_t i = low; i < high; ++i) {
      row.push_back(lanczos3((static_cast<double>(i) - centre + 0.5) / stretch));
      sum += row.back();
    }
    for (size_t i = 0; i < row.size(); ++i) {
      table.weights[static_cast<size_t>(o * table.stride) + i] = static_cast<float>(row[i] / sum);
    }
    table.first.push_back(low);
    table.count.push_back(static_cast<int64_t>(row.size()));
  }
  return table;
}

void LanczosToSquare::resize(std::span<const uint8_t> in, int64_t side, std::span<uint8_t> out) {
  const Taps& table = taps(side);
  rows_.resize(static_cast<size_t>(side * out_side_));
  for (int64_t y = 0; y < side; ++y) {
    const uint8_t* line = in.data() + y * side;
    for (int64_t o = 0; o < out_side_; ++o) {
      const float* weight = table.weights.data() + o * table.stride;
      const uint8_t* from = line + table.first[static_cast<size_t>(o)];
      float sum = 0.0f;
      for (int64_t k = 0; k < table.count[static_cast<size_t>(o)]; ++k) sum += weight[k] * from[k];
      rows_[static_cast<size_t>(y * out_side_ + o)] = to_byte(sum);
    }
  }
  std::vector<float> sums(static_cast<size_t>(out_side_));
  for (int64_t o = 0; o < out_side_; ++o) {
    std::fill(sums.begin(), sums.end(), 0.0f);
    const float* weight = table.weights.data() + o * table.stride;
    for (int64_t k = 0; k < table.count[static_cast<size_t>(o)]; ++k) {
      const uint8_t* line = rows_.data() + (table.first[static_cast<size_t>(o)] + k) * out_side_;
      for (int64_t x = 0; x < out_side_; ++x) sums[static_cast<size_t>(x)] += weight[k] * line[x];
    }
    for (int64_t x = 0; x < out_side_; ++x) {
      out[static_cast<size_t>(o * out_side_ + x)] = to_byte(sums[static_cast<size_t>(x)]);
    }
  }
}

}  // namespace likewise::detail
