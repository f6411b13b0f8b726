#include "kernels/audio/spectrogram.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

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
    : shape_(shape), filters_(std::move(filters)), plan_(make_fft_plan(shape.n_fft)) {
  const int64_t width = shape.window > 0 ? shape.window : shape.n_fft;
  if (shape.hop < 1 || width > shape.n_fft) {
    throw UserError(
        "a spectrogram of n_fft {}, hop {} and window {}; accepted is hop >= 1 and "
        "window <= n_fft",
        shape.n_fft, shape.hop, width);
  }
  LIKEWISE_CHECK(filters_.count() == 0 || filters_.bins == shape.n_fft / 2 + 1, "{} bins",
                 filters_.bins);
  window_.assign(static_cast<size_t>(shape.n_fft), 0.0F);
  const int64_t before = (shape.n_fft - width) / 2;
  for (int64_t i = 0; i < width; ++i) {
    const double turn = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(width);
    window_[static_cast<size_t>(before + i)] = static_cast<float>(0.5 - 0.5 * std::cos(turn));
  }
}

int64_t Spectrogram::frames(int64_t length) const {
  if (shape_.centred) return 1 + length / shape_.hop;
  return length < shape_.n_fft ? 0 : 1 + (length - shape_.n_fft) / shape_.hop;
}

double Spectrogram::sample(const float* wave, int64_t length, int64_t at) const {
  if (at >= 0 && at < length) return wave[at];
  if (shape_.padding == Padding::zero || length < 2) return 0;
  const int64_t period = 2 * (length - 1);
  const int64_t turned = ((at % period) + period) % period;
  return wave[turned < length ? turned : period - turned];
}

void Spectrogram::operator()(const float* wave, int64_t length, float* out) const {
  const int64_t n = shape_.n_fft, bins = n / 2 + 1, total = frames(length);
  std::vector<float> block(static_cast<size_t>(n * kFftLanes)),
      re(static_cast<size_t>(bins * kFftLanes)), im(re.size()),
      work(static_cast<size_t>(4 * plan_.complex_n * kFftLanes));
  for (int64_t start = 0; start < total; start += kFftLanes) {
    const int64_t here = std::min(kFftLanes, total - start);
    if (here < kFftLanes) std::fill(block.begin(), block.end(), 0.0F);
    for (int64_t l = 0; l < here; ++l) {
      const int64_t begin = (start + l) * shape_.hop - (shape_.centred ? n / 2 : 0);
      const bool inside = begin >= 0 && begin + n <= length;
      for (int64_t i = 0; i < n; ++i) {
        const float value =
            inside ? wave[begin + i] : static_cast<float>(sample(wave, length, begin + i));
        block[static_cast<size_t>(i * kFftLanes + l)] = value * window_[static_cast<size_t>(i)];
      }
    }
    real_fft(plan_, block.data(), re.data(), im.data(), work.data());
    for (size_t i = 0; i < re.size(); ++i) {
      const float energy = re[i] * re[i] + im[i] * im[i];
      re[i] = shape_.power == 2   ? energy
              : shape_.power == 1 ? std::sqrt(energy)
                                  : static_cast<float>(std::pow(energy, shape_.power / 2));
    }
    const auto write = [&](int64_t row, const float* values) {
      std::copy_n(values, here, out + row * total + start);
    };
    if (filters_.count() == 0) {
      for (int64_t k = 0; k < bins; ++k) write(k, re.data() + k * kFftLanes);
      continue;
    }
    for (int64_t m = 0; m < filters_.count(); ++m) {
      float sum[kFftLanes] = {};
      const auto& weights = filters_.weights[static_cast<size_t>(m)];
      const float* energy = re.data() + filters_.first[static_cast<size_t>(m)] * kFftLanes;
      for (size_t k = 0; k < weights.size(); ++k) {
        for (int64_t l = 0; l < kFftLanes; ++l)
          sum[l] += weights[k] * energy[static_cast<int64_t>(k) * kFftLanes + l];
      }
      write(m, sum);
    }
  }
}

void Spectrogram::slow(const float* wave, int64_t length, double* out) const {
  const int64_t n = shape_.n_fft, bins = n / 2 + 1, total = frames(length);
  const std::vector<double> filters = filters_.dense();
  std::vector<double> frame(static_cast<size_t>(n)), re(static_cast<size_t>(bins)), im(re.size());
  for (int64_t t = 0; t < total; ++t) {
    const int64_t begin = t * shape_.hop - (shape_.centred ? n / 2 : 0);
    for (int64_t i = 0; i < n; ++i) {
      frame[static_cast<size_t>(i)] =
          sample(wave, length, begin + i) * static_cast<double>(window_[static_cast<size_t>(i)]);
    }
    real_dft_slow(frame.data(), n, re.data(), im.data());
    for (size_t k = 0; k < re.size(); ++k) re[k] = to_power(re[k], im[k], shape_.power);
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
