#pragma once
// The view options of what is no image. As in ImageViewOptions, what is unset (NaN, -1, 0 or
// "auto") is decided by the recipe and the data; order of application is that of the lists.

#include <cstdint>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/views/recipes.hpp"
#include "likewise/views/spectrum.hpp"

namespace likewise {

// SpecAugment and noise on spectrograms.
struct SpectrogramViewOptions {
  double warp = kUnset;
  int64_t freq_masks = -1, time_masks = -1;
  double freq_width = kUnset, time_width = kUnset;
  std::string mask_value = "auto";
  double noise = kUnset;

  template <class V>
  void fields(V& v) {
    v("warp", warp, "SpecAugment's time warp: largest move as a part of the time", range(0, 0.5));
    v("freq_masks", freq_masks, "masks over frequencies; -1: the recipe's", range(-1, 100));
    v("freq_width", freq_width, "their largest width as a part of the rows", range(0, 1));
    v("time_masks", time_masks, "masks over times; -1: the recipe's", range(-1, 100));
    v("time_width", time_width, "their largest width as a part of the frames", range(0, 1));
    v("mask_value", mask_value, "what is masked becomes the mean, or the floor: the least value",
      choices({"auto", "mean", "floor"}));
    v("noise", noise, "noise on the spectrogram, in its standard deviations", range(0, 100));
  }
};

struct AudioViewOptions {
  std::string recipe = "auto", input = "auto", channel = "mean", standardize = "data";
  int64_t size = 0;
  double seconds = 0;
  SpectrumOptions spectrum;
  double mix = kUnset, room = kUnset, pitch = kUnset, speed = kUnset, keep = kUnset,
         keep_min = kUnset;
  double shift = kUnset, noise = kUnset, noise_low = kUnset, noise_high = kUnset, gain = kUnset;
  SpectrogramViewOptions masks;

  template <class V>
  void fields(V& v) {
    v("recipe", recipe, "named set of views; what is given besides overrides it",
      choices({"auto", "both", "specaugment", "waveform", "spectral", "time", "none"}));
    v("input", input, "what the encoder takes: mel or linear spectrograms, or the wave itself",
      choices({"auto", "mel", "linear", "wave"}));
    v("channel", channel, "of recordings with several channels: their mean, or the first",
      choices({"mean", "first"}));
    v("standardize", standardize,
      "by mean and deviation of all recordings, or each by its own: loudness then plays no part",
      choices({"data", "each"}));
    v("size", size, "rows and frames of a spectrogram; 0: 64", range(0, 4096));
    v("seconds", seconds, "length that recordings are cut or padded to; 0: by the data, at most 4",
      range(0, 3600));
    v("mix", mix, "probability that another recording sounds behind it", range(0, 1));
    v("room", room, "probability of echoes as in a room", range(0, 1));
    v("pitch", pitch, "probability of another pitch, by up to 2 semitones", range(0, 1));
    v("speed", speed, "largest logarithm of another speed", range(0, 1));
    v("keep", keep, "probability that only a stretch sounds, the rest is silent", range(0, 1));
    v("keep_min", keep_min, "shortest such stretch as a part of the length", range(0.001, 1));
    v("shift", shift, "largest shift as a part of the length", range(0, 1));
    v("noise", noise, "probability of white noise", range(0, 1));
    v("noise_low", noise_low, "its lowest signal-to-noise ratio in dB", range(-100, 200));
    v("noise_high", noise_high, "its highest", range(-100, 200));
    v("gain", gain, "largest change of loudness in dB", range(0, 120));
    v.group("spectrum", spectrum);
    v.group("masks", masks);
  }
};

struct SeriesViewOptions {
  std::string recipe = "auto", input = "auto";
  int64_t n_fft = 0, hop = 0;
  double crop = kUnset, rotate = kUnset, permute = kUnset, time_warp = kUnset,
         magnitude_warp = kUnset;
  double scaling = kUnset, jitter = kUnset, drop = kUnset, band_stop = kUnset, reverse = kUnset;
  SpectrogramViewOptions masks;

  template <class V>
  void fields(V& v) {
    v("recipe", recipe, "named set of views; what is given besides overrides it",
      choices({"auto", "sensor", "spectral", "spectral_noise", "none"}));
    v("input", input, "what the encoder takes: the series, or their spectrograms",
      choices({"auto", "series", "spectrogram"}));
    v("n_fft", n_fft, "of spectrograms: frames of a Fourier transform; 0: 63", range(0, 65536));
    v("hop", hop, "of spectrograms: frames between transforms; 0: 32 of a window", range(0, 65536));
    v("crop", crop, "smallest part of the time that a crop keeps and stretches (1: none)",
      range(0.01, 1));
    v("rotate", rotate, "largest rotation in space in degrees, of each three channels",
      range(0, 180));
    v("permute", permute, "probability of another order of up to 5 pieces", range(0, 1));
    v("time_warp", time_warp, "deviation of the speed of time", range(0, 1));
    v("magnitude_warp", magnitude_warp, "deviation of a smooth factor over time", range(0, 10));
    v("scaling", scaling, "deviation of a factor of each channel", range(0, 10));
    v("jitter", jitter, "noise in the channel's standard deviations", range(0, 100));
    v("drop", drop, "probability that a channel is only its mean", range(0, 1));
    v("band_stop", band_stop, "largest part of the frequencies that is taken away", range(0, 1));
    v("reverse", reverse, "probability of playing backwards", range(0, 1));
    v.group("masks", masks);
  }
};

struct TensorViewOptions {
  std::string recipe = "auto";
  double scaling = kUnset, noise = kUnset, drop = kUnset;

  template <class V>
  void fields(V& v) {
    v("recipe", recipe, "named set of views; what is given besides overrides it",
      choices({"auto", "basic", "none"}));
    v("scaling", scaling, "deviation of a factor of the whole sample", range(0, 10));
    v("noise", noise, "noise in standard deviations", range(0, 100));
    v("drop", drop, "probability that a value becomes the mean", range(0, 1));
  }
};

}  // namespace likewise
