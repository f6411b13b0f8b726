#pragma once
// What resolved options of spectrograms mean for the kernels.

#include "kernels/audio/spectrogram.hpp"
#include "likewise/views/spectrum.hpp"

namespace likewise::detail {

kernels::StftShape stft_shape(const SpectrumOptions& resolved);
// None for a linear spectrogram.
kernels::MelFilters mel_filters_of(const SpectrumOptions& resolved, double rate, bool linear);

}  // namespace likewise::detail
