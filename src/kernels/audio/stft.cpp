#include "kernels/audio/stft.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/audio/spectrum_ops.hpp"
#include "likewise/base/error.hpp"

namespace likewise::kernels {

Stft::Scratch::Scratch(const Stft& stft)
    : stretch(static_cast<size_t>((kFftLanes - 1) * stft.shape_.hop + stft.shape_.n_fft)),
      block(static_cast<size_t>(stft.shape_.n_fft * kFftLanes)),
      work(static_cast<size_t>(inverse_work(stft.plan_))) {}

Stft::Stft(const StftShape& shape) : shape_(shape), plan_(make_fft_plan(shape.n_fft)) {
  const int64_t width = shape.window > 0 ? shape.window : shape.n_fft;
  if (shape.hop < 1 || width > shape.n_fft) {
    throw UserError(
        "a spectrogram of n_fft {}, hop {} and window {}; accepted is hop >= 1 and "
        "window <= n_fft",
        shape.n_fft, shape.hop, width);
  }
  window_.assign(static_cast<size_t>(shape.n_fft), 0.0F);
  const int64_t before = (shape.n_fft - width) / 2;
  for (int64_t i = 0; i < width; ++i) {
    const double turn = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(width);
    window_[static_cast<size_t>(before + i)] = static_cast<float>(0.5 - 0.5 * std::cos(turn));
  }
}

int64_t Stft::frames(int64_t length) const {
  if (shape_.centred) return 1 + length / shape_.hop;
  return length < shape_.n_fft ? 0 : 1 + (length - shape_.n_fft) / shape_.hop;
}

double Stft::sample(const float* wave, int64_t length, int64_t at) const {
  if (at >= 0 && at < length) return wave[at];
  if (shape_.padding == Padding::zero || length < 2) return 0;
  const int64_t period = 2 * (length - 1);
  const int64_t turned = ((at % period) + period) % period;
  return wave[turned < length ? turned : period - turned];
}

void Stft::block(const float* wave, int64_t length, int64_t start, float* re, float* im,
                 Scratch& scratch) const {
  const int64_t n = shape_.n_fft, here = std::min(kFftLanes, frames(length) - start);
  // All lanes lie in the wave, or in a copy of what they look at with what is beyond its ends.
  const int64_t begin = begin_of(start), looks = (kFftLanes - 1) * shape_.hop + n;
  const float* from = wave + begin;
  if (begin < 0 || begin + looks > length) {
    for (int64_t i = 0; i < looks; ++i) {
      scratch.stretch[static_cast<size_t>(i)] = static_cast<float>(sample(wave, length, begin + i));
    }
    from = scratch.stretch.data();
  }
  std::vector<float>& block = scratch.block;
  spectrum_ops().pack(from, shape_.hop, n, window_.data(), block.data());
  for (int64_t i = 0; i < n && here < kFftLanes; ++i) {
    std::fill(block.begin() + i * kFftLanes + here, block.begin() + (i + 1) * kFftLanes, 0.0F);
  }
  real_fft(plan_, block.data(), re, im, scratch.work.data());
}

void Stft::forward(const float* wave, int64_t length, float* re, float* im) const {
  Scratch scratch(*this);
  const int64_t each = bins() * kFftLanes;
  for (int64_t b = 0; b < blocks(frames(length)); ++b) {
    block(wave, length, b * kFftLanes, re + b * each, im + b * each, scratch);
  }
}

void Stft::inverse(const float* re, const float* im, int64_t length, float* wave) const {
  const int64_t n = shape_.n_fft, total = frames(length), each = bins() * kFftLanes;
  Scratch scratch(*this);
  std::vector<double> sum(static_cast<size_t>(length), 0.0), squares(sum.size(), 0.0);
  for (int64_t b = 0; b < blocks(total); ++b) {
    real_inverse_fft(plan_, re + b * each, im + b * each, scratch.block.data(),
                     scratch.work.data());
    for (int64_t l = 0; l < std::min(kFftLanes, total - b * kFftLanes); ++l) {
      const int64_t begin = begin_of(b * kFftLanes + l);
      for (int64_t i = std::max<int64_t>(0, -begin); i < std::min(n, length - begin); ++i) {
        const double w = window_[static_cast<size_t>(i)];
        const auto at = static_cast<size_t>(begin + i);
        sum[at] += w * static_cast<double>(scratch.block[static_cast<size_t>(i * kFftLanes + l)]);
        squares[at] += w * w;
      }
    }
  }
  constexpr double kLeast = 1e-10;
  for (size_t s = 0; s < sum.size(); ++s) {
    wave[s] = static_cast<float>(squares[s] > kLeast ? sum[s] / squares[s] : 0);
  }
}

}  // namespace likewise::kernels
