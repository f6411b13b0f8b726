// Spectrograms turned back into sound.
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "kernels/audio/griffin_lim.hpp"
#include "likewise/base/error.hpp"
#include "likewise/views/spectrum.hpp"
#include "views/curves.hpp"
#include "views/spectrum_shape.hpp"

namespace likewise {

namespace {

// Rows of `frames` values `hop` samples apart, at `count` places `step` samples apart.
std::vector<float> between_frames(const std::vector<float>& plane, int64_t frames, int64_t hop,
                                  int64_t count, int64_t step) {
  std::vector<float> out;
  const auto rows = static_cast<int64_t>(plane.size()) / frames;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t t = 0; t < count; ++t) {
      const double place = static_cast<double>(t * step) / static_cast<double>(hop);
      out.push_back(static_cast<float>(detail::linear_at(
          plane.data() + row * frames, frames, std::min(place, static_cast<double>(frames - 1)))));
    }
  }
  return out;
}

}  // namespace

View from_spectrogram(const SpectrumOptions& o, double rate, int64_t length, bool linear,
                      const SoundOptions& options) {
  kernels::StftShape shape = detail::stft_shape(o);
  shape.hop = std::max<int64_t>(1, std::min(o.hop, o.n_fft / 4));
  const auto stft = std::make_shared<const kernels::Stft>(shape);
  const auto filters =
      std::make_shared<const kernels::MelFilters>(detail::mel_filters_of(o, rate, linear));
  const kernels::GriffinLim griffin_lim{options.iterations, options.momentum};
  const int64_t rows = linear ? o.n_fft / 2 + 1 : o.mels, frames = 1 + length / o.hop;
  return [=](const Tensor& x, Rng& rng) {
    if (x.dim() != 3 || x.size(1) != rows || x.size(2) != frames) {
      throw UserError(
          "a sound of {} frames is made of a spectrogram [C, {}, {}]; found {} "
          "dimensions, {} values",
          length, rows, frames, x.dim(), x.numel());
    }
    const Tensor in = x.contiguous();
    Tensor out = at::empty({in.size(0), length}, at::kFloat);
    for (int64_t c = 0; c < in.size(0); ++c) {
      const float* plane = in.data_ptr<float>() + c * rows * frames;
      std::vector<float> powers = linear ? std::vector<float>(plane, plane + rows * frames)
                                         : kernels::mel_to_spectrum(*filters, plane, frames);
      for (float& value : powers) {
        value = static_cast<float>(std::pow(std::max(value, 0.0F), 1 / o.power));
      }
      const int64_t count = stft->frames(length);
      if (shape.hop != o.hop) powers = between_frames(powers, frames, o.hop, count, shape.hop);
      const auto wave = kernels::griffin_lim(*stft, powers.data(), length, griffin_lim, rng);
      std::copy(wave.begin(), wave.end(), out.data_ptr<float>() + c * length);
    }
    return out;
  };
}

Tensor out_of_log(const Tensor& x, const std::string& log) {
  Tensor out = x.contiguous().clone();
  float* values = out.data_ptr<float>();
  for (int64_t i = 0; i < out.numel(); ++i) {
    const float value = values[i];
    values[i] = log == "db"           ? std::pow(10.0F, value / 10)
                : log == "db_squared" ? std::pow(10.0F, value / 20)
                : log == "ln"         ? std::max(0.0F, std::exp(value) - 1e-6F)
                                      : std::max(0.0F, value);
  }
  return out;
}

}  // namespace likewise
