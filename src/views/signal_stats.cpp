#include "likewise/views/signal_stats.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "likewise/base/error.hpp"

namespace likewise {

SignalStats measure_signals(const std::vector<Tensor>& samples, double rate) {
  if (samples.empty()) throw DataError("there is no sample to measure");
  SignalStats stats;
  stats.rate = rate;
  std::vector<int64_t> lengths;
  std::map<int64_t, int64_t> channels;
  bool same = true;
  for (const Tensor& x : samples) {
    lengths.push_back(x.dim() > 0 ? x.size(-1) : 1);
    ++channels[x.dim() > 0 ? x.size(0) : 1];
    same = same && x.sizes() == samples[0].sizes();
  }
  std::sort(lengths.begin(), lengths.end());
  stats.length = lengths[std::min(lengths.size() - 1, lengths.size() * 95 / 100)];
  stats.channels =
      std::max_element(channels.begin(), channels.end(), [](const auto& a, const auto& b) {
        return a.second < b.second;
      })->first;
  if (same) stats.shape = samples[0].sizes().vec();
  return stats;
}

void measure_values(const std::vector<Tensor>& inputs, bool a_channel, SignalStats& stats) {
  LIKEWISE_CHECK(!inputs.empty() && inputs[0].dim() > 0, "no inputs");
  const auto groups = static_cast<size_t>(a_channel ? inputs[0].size(0) : 1);
  std::vector<double> sum(groups, 0.0), squares(groups, 0.0);
  double count = 0;
  for (const Tensor& x : inputs) {
    const Tensor dense = x.contiguous();
    const auto each = static_cast<size_t>(dense.numel()) / groups;
    const float* values = dense.data_ptr<float>();
    for (size_t g = 0; g < groups; ++g) {
      for (size_t i = 0; i < each; ++i) {
        const double value = values[g * each + i];
        sum[g] += value;
        squares[g] += value * value;
      }
    }
    count += static_cast<double>(each);
  }
  stats.mean.clear();
  stats.std.clear();
  for (size_t g = 0; g < groups; ++g) {
    const double mean = sum[g] / count, variance = squares[g] / count - mean * mean;
    stats.mean.push_back(mean);
    stats.std.push_back(variance > 1e-12 * std::max(1e-12, squares[g] / count) ? std::sqrt(variance)
                                                                               : 1.0);
  }
}

Tensor standardised(const Tensor& x, const SignalStats& stats) {
  Tensor out = x.contiguous().clone();
  const auto groups = static_cast<int64_t>(stats.mean.size());
  LIKEWISE_CHECK(groups == 1 || groups == out.size(0), "{} means for {} channels", groups,
                 out.size(0));
  const int64_t each = out.numel() / groups;
  float* values = out.data_ptr<float>();
  for (int64_t g = 0; g < groups; ++g) {
    const double mean = stats.mean[static_cast<size_t>(g)],
                 scale = 1 / stats.std[static_cast<size_t>(g)];
    for (int64_t i = g * each; i < (g + 1) * each; ++i) {
      values[i] = static_cast<float>((values[i] - mean) * scale);
    }
  }
  return out;
}

Tensor standardised_alone(const Tensor& x) {
  SignalStats own;
  measure_values({x}, false, own);
  return standardised(x, own);
}

}  // namespace likewise
