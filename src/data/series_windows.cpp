#include "data/series_windows.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "likewise/base/error.hpp"

namespace likewise::detail {

namespace {

double median_step(const std::vector<double>& time) {
  std::vector<double> steps;
  for (size_t i = 1; i < time.size(); ++i) {
    if (time[i] > time[i - 1]) steps.push_back(time[i] - time[i - 1]);
  }
  if (steps.empty()) return 0;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

// Fills NaN from the neighbours in time; false when there is nothing but NaN.
bool fill_missing(std::vector<float>& values) {
  const auto n = static_cast<int64_t>(values.size());
  int64_t before = -1;
  for (int64_t i = 0; i <= n; ++i) {
    if (i < n && std::isnan(values[static_cast<size_t>(i)])) continue;
    for (int64_t k = before + 1; k < i; ++k) {
      const float left = before >= 0 ? values[static_cast<size_t>(before)] : NAN;
      const float right = i < n ? values[static_cast<size_t>(i)] : NAN;
      const float part = static_cast<float>(k - before) / static_cast<float>(i - before);
      values[static_cast<size_t>(k)] = before < 0 ? right
                                       : i == n   ? left
                                                  : left + part * (right - left);
    }
    before = i;
  }
  return values.empty() || !std::isnan(values[0]);
}

int64_t frames_in(double span, double rate) {
  return static_cast<int64_t>(std::floor(span * rate + 1e-6)) + 1;
}

// Rows [from, to) at `begin` + t / rate, or with rate 0 as they are.
Stretch piece(const SeriesTable& table, const std::vector<std::vector<float>>& values, int64_t from,
              int64_t to, double begin, int64_t frames, double rate) {
  const auto channels = static_cast<int64_t>(values.size());
  const bool timed = rate > 0;
  Stretch out;
  out.first_row = from;
  out.x = at::empty({channels, frames}, at::kFloat);
  float* to_x = out.x.data_ptr<float>();
  int64_t row = from;
  for (int64_t t = 0; t < frames; ++t) {
    float part = 0;
    if (timed) {
      const double now = begin + static_cast<double>(t) / rate;
      while (row + 1 < to && table.time[static_cast<size_t>(row + 1)] <= now) ++row;
      if (row + 1 < to) {
        const double left = table.time[static_cast<size_t>(row)];
        part = static_cast<float>((now - left) / (table.time[static_cast<size_t>(row + 1)] - left));
      }
    } else {
      row = from + t;
    }
    for (int64_t c = 0; c < channels; ++c) {
      const auto& channel = values[static_cast<size_t>(c)];
      const float left = channel[static_cast<size_t>(row)];
      const float right = part > 0 ? channel[static_cast<size_t>(row + 1)] : left;
      to_x[c * frames + t] = left + part * (right - left);
    }
    if (!table.labels.empty()) out.labels.push_back(table.labels[static_cast<size_t>(row)]);
  }
  return out;
}

}  // namespace

double rate_of(const SeriesTable& table) {
  const double step = median_step(table.time);
  if (step <= 0) return 0;
  // Stamps are often rounded to milliseconds, which makes their median a poor measure of the rate:
  // the mean over the steps that are no holes is better.
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 1; i < table.time.size(); ++i) {
    const double here = table.time[i] - table.time[i - 1];
    if (here > 10 * step) continue;
    sum += here;
    ++count;
  }
  const double rate = static_cast<double>(count) / sum;
  return rate >= 10 ? std::round(rate) : rate;
}

namespace {
std::vector<std::vector<float>> filled(const SeriesTable& table, const std::string& name) {
  std::vector<std::vector<float>> values = table.values;
  for (size_t c = 0; c < values.size(); ++c) {
    if (!fill_missing(values[c])) {
      throw DataError("{}: column '{}' holds no number at all", name, table.channels[c]);
    }
  }
  return values;
}
}  // namespace

std::vector<Stretch> aligned(const std::vector<SeriesTable>& tables, double rate,
                             const std::string& name) {
  double begin = 0, end = 0;
  for (size_t d = 0; d < tables.size(); ++d) {
    const auto& time = tables[d].time;
    if (time.empty() || rate <= 0) {
      throw DataError("{}: devices cannot be put side by side without time stamps", name);
    }
    begin = d == 0 ? time.front() : std::max(begin, time.front());
    end = d == 0 ? time.back() : std::min(end, time.back());
  }
  if (end <= begin) throw DataError("{}: there is no time at which all devices recorded", name);
  std::vector<Stretch> out;
  for (const SeriesTable& table : tables) {
    out.push_back(piece(table, filled(table, name), 0, table.rows(), begin,
                        frames_in(end - begin, rate), rate));
  }
  return out;
}

std::vector<Stretch> stretches(const SeriesTable& table, double rate, const std::string& name) {
  const auto values = filled(table, name);
  const bool timed = !table.time.empty() && rate > 0;
  const double hole = std::max(1.0, 10 * median_step(table.time));
  std::vector<Stretch> out;
  int64_t from = 0;
  for (int64_t i = 1; i <= table.rows(); ++i) {
    const auto at = static_cast<size_t>(i);
    const bool breaks =
        i == table.rows() || (!table.time.empty() && table.time[at] - table.time[at - 1] > hole);
    if (!breaks) continue;
    const double begin = timed ? table.time[static_cast<size_t>(from)] : 0;
    const int64_t frames = timed ? frames_in(table.time[at - 1] - begin, rate) : i - from;
    out.push_back(piece(table, values, from, i, begin, frames, timed ? rate : 0));
    from = i;
  }
  return out;
}

std::string usual_label(const Stretch& stretch, int64_t from, int64_t count) {
  if (stretch.labels.empty()) return "";
  std::map<std::string, int64_t> counts;
  std::string best;
  int64_t most = 0;
  for (int64_t t = from; t < from + count; ++t) {
    const std::string& label = stretch.labels[static_cast<size_t>(t)];
    if (++counts[label] > most) most = counts[label], best = label;
  }
  return best;
}

std::vector<int64_t> window_starts(int64_t frames, int64_t length, double overlap) {
  std::vector<int64_t> out;
  const int64_t step =
      std::max<int64_t>(1, std::llround(static_cast<double>(length) * (1 - overlap)));
  for (int64_t at = 0; at + length <= frames; at += step) out.push_back(at);
  return out;
}

}  // namespace likewise::detail
