#pragma once
// Spectrograms of waves, through mel filters or not. Torch-free.

#include <cstdint>
#include <vector>

#include "kernels/audio/stft.hpp"

namespace likewise::kernels {

// Triangles over the bins 0 ... n_fft / 2 of a spectrum.
struct MelFilters {
  int64_t bins = 0;
  std::vector<int64_t> first;               // bin where a triangle begins
  std::vector<std::vector<float>> weights;  // of the bins from there
  int64_t count() const { return static_cast<int64_t>(first.size()); }
  std::vector<double> dense() const;  // [count, bins]
};

enum class MelScale { slaney, htk };

// `count` triangles whose corners are equally spaced in mel from low to high hertz. `normalised`
// divides each by half its width in hertz (Slaney). As librosa.filters.mel.
// Slaney: linear below 1 kHz (200 / 3 Hz a mel), then 27 steps for a factor of 6.4; HTK:
// 2595 log10(1 + f / 700). Throws UserError unless 0 <= low < high <= rate / 2.
MelFilters mel_filters(double rate, int64_t n_fft, int64_t count, double low, double high,
                       MelScale scale, bool normalised);

// |STFT|^power of waves, through filters when there are any. Immutable, so threads may share it.
class Spectrogram {
 public:
  explicit Spectrogram(const StftShape& shape, MelFilters filters = {});

  int64_t rows() const { return filters_.count() > 0 ? filters_.count() : stft_.bins(); }
  int64_t frames(int64_t length) const { return stft_.frames(length); }
  // wave [length] -> out [rows, frames].
  void operator()(const float* wave, int64_t length, float* out) const;
  // The same frame by frame in double with real_dft_slow: the slow twin.
  void slow(const float* wave, int64_t length, double* out) const;

 private:
  Stft stft_;
  MelFilters filters_;
};

}  // namespace likewise::kernels
