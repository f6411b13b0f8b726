#pragma once
// Short-time Fourier transforms and their inverse. Torch-free.

#include <cstdint>
#include <vector>

#include "kernels/audio/fft.hpp"

namespace likewise::kernels {

enum class Padding { zero, reflect };

struct StftShape {
  int64_t n_fft = 512, hop = 128;
  int64_t window = 0;   // periodic Hann of so many samples in the middle of n_fft; 0: n_fft
  bool centred = true;  // frame t is centred at t hop; otherwise it begins there
  Padding padding = Padding::zero;  // what lies before and behind, when centred
  double power = 2;                 // of the magnitude: 2 energy, 1 magnitude
};

// Spectra of the frames of a wave, in blocks of kFftLanes frames: [blocks, bins, lanes], what lies
// behind the last frame is 0. Immutable, so threads may share it.
class Stft {
 public:
  // Throws UserError unless hop >= 1 and window <= n_fft.
  explicit Stft(const StftShape& shape);

  const StftShape& shape() const { return shape_; }
  int64_t bins() const { return shape_.n_fft / 2 + 1; }
  // 1 + length / hop when centred, else 1 + (length - n_fft) / hop (0 when shorter).
  int64_t frames(int64_t length) const;
  static int64_t blocks(int64_t frames) { return (frames + kFftLanes - 1) / kFftLanes; }
  // Values of all blocks together.
  int64_t size(int64_t frames) const { return blocks(frames) * bins() * kFftLanes; }

  // Memory of one thread.
  struct Scratch {
    explicit Scratch(const Stft& stft);
    std::vector<float> stretch, block, work;
  };

  // The block that begins at frame `start`: re, im [bins, lanes].
  void block(const float* wave, int64_t length, int64_t start, float* re, float* im,
             Scratch& scratch) const;
  // All of them.
  void forward(const float* wave, int64_t length, float* re, float* im) const;

  // The wave [length] whose frames, windowed, come nearest to those of the spectra (least squares):
  //   y[s] = sum_t w[s - t hop] x_t[s - t hop] / sum_t w[s - t hop]^2
  // and 0 where no window reaches. It undoes `forward` wherever windows overlap. Source: Griffin
  // and Lim, "Signal estimation from modified short-time Fourier transform", 1984, equation 6.
  void inverse(const float* re, const float* im, int64_t length, float* wave) const;

  // Sample `at` of the wave, which may lie outside.
  double sample(const float* wave, int64_t length, int64_t at) const;
  const std::vector<float>& window() const { return window_; }  // [n_fft]

 private:
  // Where a frame begins in the wave.
  int64_t begin_of(int64_t frame) const {
    return frame * shape_.hop - (shape_.centred ? shape_.n_fft / 2 : 0);
  }

  StftShape shape_;
  FftPlan plan_;
  std::vector<float> window_;
};

}  // namespace likewise::kernels
