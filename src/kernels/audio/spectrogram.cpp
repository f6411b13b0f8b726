#include "kernels/audio/spectrogram.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/audio/spectrum_ops.hpp"
#include "likewise/base/error.hpp"

namespace likewise::kernels {

namespace {

constexpr double kBreakHz = 1000, kHzPerMel = 200.0 / 3, kBreakMel = kBreakHz / kHzPerMel;
const double kLogStep = std::log(6.4) / 27;

double to_mel(double hz, MelScale scale) {
  if (scale == MelScale::htk) return 2595 * std::log10(1 + hz / 700);
  return hz < kBreakHz ? hz / kHzPerMel : kBreakMel + std::log(hz / kBreakHz) / kLogStep;
}

double to_hz(double mel, MelScale scale) {
  if (scale == MelScale::htk) return 700 * (std::pow(10, mel / 2595) - 1);
  return mel < kBreakMel ? mel * kHzPerMel : kBreakHz * std::exp(kLogStep * (mel - kBreakMel));
}

double to_power(double re, double im, double power) {
  const double energy = re * re + im * im;
  return power == 2 ? energy : power == 1 ? std::sqrt(energy) : std::pow(energy, power / 2);
}

}  // namespace

std::vector<double> MelFilters::dense() const {
  std::vector<double> out(static_cast<size_t>(count() * bins));
  for (size_t m = 0; m < first.size(); ++m) {
    for (size_t k = 0; k < weights[m].size(); ++k) {
      out[m * static_cast<size_t>(bins) + static_cast<size_t>(first[m]) + k] = weights[m][k];
    }
  }
  return out;
}

MelFilters mel_filters(double rate, int64_t n_fft, int64_t count, double low, double high,
                       MelScale scale, bool normalised) {
  if (!(low >= 0 && low < high && high <= rate / 2 + 1e-9) || count < 1) {
    throw UserError("{} mel filters from {} to {} Hz at {} Hz; accepted is 0 <= low < high <= {}",
                    count, low, high, rate, rate / 2);
  }
  MelFilters out;
  out.bins = n_fft / 2 + 1;
  std::vector<double> corners;  // hertz
  const double from = to_mel(low, scale), to = to_mel(high, scale);
  for (int64_t i = 0; i < count + 2; ++i) {
    corners.push_back(
        to_hz(from + (to - from) * static_cast<double>(i) / static_cast<double>(count + 1), scale));
  }
  for (size_t m = 0; m < static_cast<size_t>(count); ++m) {
    const double left = corners[m], middle = corners[m + 1], right = corners[m + 2];
    int64_t first = out.bins;
    std::vector<float> weights;
    for (int64_t k = 0; k < out.bins; ++k) {
      const double hz = static_cast<double>(k) * rate / static_cast<double>(n_fft);
      const double up = (hz - left) / (middle - left), down = (right - hz) / (right - middle);
      const double weight = std::max(0.0, std::min(up, down));
      if (weight <= 0) {
        if (!weights.empty()) break;
        continue;
      }
      if (weights.empty()) first = k;
      weights.push_back(static_cast<float>(normalised ? weight * 2 / (right - left) : weight));
    }
    out.first.push_back(weights.empty() ? 0 : first);
    out.weights.push_back(std::move(weights));
  }
  return out;
}

Spectrogram::Spectrogram(const StftShape& shape, MelFilters filters)
    : stft_(shape), filters_(std::move(filters)) {
  LIKEWISE_CHECK(filters_.count() == 0 || filters_.bins == stft_.bins(), "{} bins", filters_.bins);
}

void Spectrogram::operator()(const float* wave, int64_t length, float* out) const {
  const int64_t bins = stft_.bins(), total = frames(length);
  const double power = stft_.shape().power;
  const SpectrumOps& ops = spectrum_ops();
  Stft::Scratch scratch(stft_);
  std::vector<float> re(static_cast<size_t>(bins * kFftLanes)), im(re.size());
  for (int64_t start = 0; start < total; start += kFftLanes) {
    const int64_t here = std::min(kFftLanes, total - start);
    stft_.block(wave, length, start, re.data(), im.data(), scratch);
    ops.energy(re.data(), im.data(), static_cast<int64_t>(re.size()), re.data());
    if (power != 2) {
      for (float& value : re) {
        value = power == 1 ? std::sqrt(value) : static_cast<float>(std::pow(value, power / 2));
      }
    }
    const auto write = [&](int64_t row, const float* values) {
      std::copy_n(values, here, out + row * total + start);
    };
    if (filters_.count() == 0) {
      for (int64_t k = 0; k < bins; ++k) write(k, re.data() + k * kFftLanes);
      continue;
    }
    for (int64_t m = 0; m < filters_.count(); ++m) {
      float sum[kFftLanes];
      const auto& weights = filters_.weights[static_cast<size_t>(m)];
      ops.weigh(re.data() + filters_.first[static_cast<size_t>(m)] * kFftLanes, weights.data(),
                static_cast<int64_t>(weights.size()), sum);
      write(m, sum);
    }
  }
}

void Spectrogram::slow(const float* wave, int64_t length, double* out) const {
  const StftShape& shape = stft_.shape();
  const int64_t n = shape.n_fft, bins = stft_.bins(), total = frames(length);
  const std::vector<double> filters = filters_.dense();
  std::vector<double> frame(static_cast<size_t>(n)), re(static_cast<size_t>(bins)), im(re.size());
  for (int64_t t = 0; t < total; ++t) {
    const int64_t begin = t * shape.hop - (shape.centred ? n / 2 : 0);
    for (int64_t i = 0; i < n; ++i) {
      frame[static_cast<size_t>(i)] = stft_.sample(wave, length, begin + i) *
                                      static_cast<double>(stft_.window()[static_cast<size_t>(i)]);
    }
    real_dft_slow(frame.data(), n, re.data(), im.data());
    for (size_t k = 0; k < re.size(); ++k) re[k] = to_power(re[k], im[k], shape.power);
    for (int64_t row = 0; row < rows(); ++row) {
      double value = filters_.count() == 0 ? re[static_cast<size_t>(row)] : 0;
      for (int64_t k = 0; k < bins && filters_.count() > 0; ++k) {
        value += filters[static_cast<size_t>(row * bins + k)] * re[static_cast<size_t>(k)];
      }
      out[row * total + t] = value;
    }
  }
}

}  // namespace likewise::kernels
