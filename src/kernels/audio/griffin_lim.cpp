#include "kernels/audio/griffin_lim.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "likewise/base/error.hpp"

namespace likewise::kernels {

namespace {

// [bins, frames] <-> blocks of lanes.
std::vector<float> laid_in_blocks(const Stft& stft, const float* plane, int64_t frames) {
  std::vector<float> out(static_cast<size_t>(stft.size(frames)), 0.0F);
  const int64_t bins = stft.bins();
  for (int64_t k = 0; k < bins; ++k) {
    for (int64_t t = 0; t < frames; ++t) {
      const int64_t at = (t / kFftLanes * bins + k) * kFftLanes + t % kFftLanes;
      out[static_cast<size_t>(at)] = plane[k * frames + t];
    }
  }
  return out;
}

// | |t| - m | / |m|
double convergence(const std::vector<float>& re, const std::vector<float>& im,
                   const std::vector<float>& magnitudes) {
  double wrong = 0, whole = 0;
  for (size_t i = 0; i < magnitudes.size(); ++i) {
    const double m = magnitudes[i], away = std::hypot(re[i], im[i]) - m;
    wrong += away * away;
    whole += m * m;
  }
  return whole > 0 ? std::sqrt(wrong / whole) : std::sqrt(wrong);
}

// m c / |c|; a value without a phase gets the phase 0.
void give_magnitudes(const std::vector<float>& magnitudes, std::vector<float>& re,
                     std::vector<float>& im) {
  for (size_t i = 0; i < magnitudes.size(); ++i) {
    const float length = std::sqrt(re[i] * re[i] + im[i] * im[i]);
    if (length > 1e-20F) {
      re[i] *= magnitudes[i] / length;
      im[i] *= magnitudes[i] / length;
    } else {
      re[i] = magnitudes[i];
      im[i] = 0;
    }
  }
}

}  // namespace

std::vector<float> mel_to_spectrum(const MelFilters& filters, const float* mel, int64_t frames,
                                   int64_t steps) {
  const auto bins = static_cast<size_t>(filters.bins), bands = filters.first.size();
  std::vector<float> out(bins * static_cast<size_t>(frames));
  std::vector<double> p(bins), up(bins), down(bins), heard(bands);
  const auto transposed = [&](const auto& bands_of, std::vector<double>& to) {
    std::fill(to.begin(), to.end(), 0.0);
    for (size_t m = 0; m < bands; ++m) {
      const auto first = static_cast<size_t>(filters.first[m]);
      for (size_t k = 0; k < filters.weights[m].size(); ++k) {
        to[first + k] += static_cast<double>(filters.weights[m][k]) * bands_of(m);
      }
    }
  };
  for (int64_t t = 0; t < frames; ++t) {
    std::fill(p.begin(), p.end(), 1.0);
    transposed([&](size_t m) { return std::max(0.0F, mel[static_cast<int64_t>(m) * frames + t]); },
               up);
    for (int64_t step = 0; step < steps; ++step) {
      for (size_t m = 0; m < bands; ++m) {
        heard[m] = 0;
        const auto first = static_cast<size_t>(filters.first[m]);
        for (size_t k = 0; k < filters.weights[m].size(); ++k) {
          heard[m] += static_cast<double>(filters.weights[m][k]) * p[first + k];
        }
      }
      transposed([&](size_t m) { return heard[m]; }, down);
      for (size_t k = 0; k < bins; ++k) p[k] = down[k] > 0 ? p[k] * up[k] / down[k] : 0;
    }
    for (size_t k = 0; k < bins; ++k) {
      out[k * static_cast<size_t>(frames) + static_cast<size_t>(t)] = static_cast<float>(p[k]);
    }
  }
  return out;
}

std::vector<float> griffin_lim(const Stft& stft, const float* magnitudes, int64_t length,
                               const GriffinLim& options, Rng& rng, const float* start,
                               std::vector<double>* errors) {
  if (options.iterations < 0 || !(options.momentum >= 0 && options.momentum < 1.5)) {
    throw UserError(
        "Griffin-Lim with {} iterations and momentum {}; accepted are 0 and more, and 0 to 1.5",
        options.iterations, options.momentum);
  }
  const int64_t frames = stft.frames(length);
  const std::vector<float> m = laid_in_blocks(stft, magnitudes, frames);
  std::vector<float> re(m.size()), im(m.size()), re_before, im_before;
  if (start != nullptr) {
    stft.forward(start, length, re.data(), im.data());
  } else {
    for (size_t i = 0; i < m.size(); ++i) {
      const double turn = rng.uniform(0, 2 * std::numbers::pi);
      re[i] = static_cast<float>(std::cos(turn)), im[i] = static_cast<float>(std::sin(turn));
    }
  }
  std::vector<float> wave(static_cast<size_t>(length));
  const auto project = [&] {
    give_magnitudes(m, re, im);
    stft.inverse(re.data(), im.data(), length, wave.data());
  };
  project();
  if (errors != nullptr) errors->clear();
  for (int64_t n = 0; n <= options.iterations; ++n) {
    const bool last = n == options.iterations;
    if (last && errors == nullptr) break;
    stft.forward(wave.data(), length, re.data(), im.data());
    if (errors != nullptr) errors->push_back(convergence(re, im, m));
    if (last) break;
    const std::vector<float> re_now = re, im_now = im;
    if (n > 0) {
      const auto a = static_cast<float>(options.momentum);
      for (size_t i = 0; i < m.size(); ++i) {
        re[i] += a * (re[i] - re_before[i]);
        im[i] += a * (im[i] - im_before[i]);
      }
    }
    re_before = re_now, im_before = im_now;
    project();
  }
  return wave;
}

}  // namespace likewise::kernels
