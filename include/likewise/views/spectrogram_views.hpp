#pragma once
// SpecAugment (Park et al., Interspeech 2019, arXiv 1904.08779) and noise: views of spectrograms,
// float [C, F, T] -> the same shape, all channels alike.

#include <cstdint>
#include <string>

#include "likewise/views/view.hpp"

namespace likewise {

// Rows [first, first + count) of dimension 1 (frequency) or 2 (time) become `value`, in place.
void mask_band(Tensor& x, int64_t dimension, int64_t first, int64_t count, float value);

// `count` masks along a dimension, each of width uniform in {0, ..., most} at a uniform place;
// most = part of the dimension's length. What is masked becomes the mean of the channel's unmasked
// input, or its least value ("floor").
View random_masks(int64_t dimension, int64_t count, double part, bool to_floor = false);

// Time warp: a place w0 in the middle part of the time axis moves by up to `part` of the length
// both ways, everything else linearly between it and the ends, which stay; linear interpolation.
// (The paper warps by a thin-plate spline through the same points; on a line this is it to first
// order.)
View random_spectrogram_warp(double part);

View random_spectrogram_noise(double deviation);  // N(0, (deviation std)^2); std of the spectrogram

}  // namespace likewise
