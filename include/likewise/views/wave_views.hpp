#pragma once
// Views of waves and series: float [C, T] -> float [C, T] of the same size (crop_or_pad: of
// another). Torch-tensors in, arithmetic in plain loops; everything random comes from the stream.
// The functions that make them check their parameters and throw UserError.

#include <cstdint>
#include <functional>

#include "likewise/views/view.hpp"

namespace likewise {

// Exactly `length` frames: of a longer one a stretch, of a shorter one with zeros around. At random
// places, or (not random) from the beginning.
View crop_or_pad(int64_t length, bool random);

// One channel: the mean of all, or the first.
View to_mono(bool first_channel = false);

// ---- waves

View random_gain(double decibels);  // uniform in +-decibels, all channels alike

// White noise with a signal-to-noise ratio uniform in [low, high] dB, with `probability`.
View random_white_noise(double probability, double low_db, double high_db);

// Later or earlier by up to `part` of the length, both ways; zeros come in.
View random_shift(double part);

// Played faster or slower, pitch and all: log speed uniform in +-log_speed, by cubic interpolation
// (Catmull-Rom), zeros where the end comes too early. `speed` is the elementary view.
View random_speed(double log_speed);
Tensor change_speed(const Tensor& x, double speed);

// Higher or lower at the same speed, by up to `semitones` both ways, with `probability`:
// change_speed, then stretched back by waveform-similarity overlap-add (Verhelst & Roelands 1993).
View random_pitch(double probability, double semitones, double rate);
// The same sound `factor` times as long, with its pitch: frames of `window`.
Tensor stretch_time(const Tensor& x, double factor, int64_t window);

// Heard in a room, with `probability`: convolved with a direct sound and `kEchoes` echoes of random
// sign at random delays, decaying by 60 dB within a time uniform in [0.1, longest] seconds; of the
// same energy as before.
View random_room(double probability, double longest, double rate);

// Keeps a stretch of U(least, 1) of the length in its place and silences the rest, with
// `probability` (the viewmaker authors' crop).
View random_keep(double probability, double least);

// Another recording added, with `probability`: `other` gives it for a number of its choice. At a
// signal-to-noise ratio uniform in [low, high] dB.
View random_mix(double probability, double low_db, double high_db,
                std::function<Tensor(Rng&)> other);

// ---- series (Um et al., "Data augmentation of wearable sensor data", ICMI 2017)

View random_jitter(double deviation);   // N(0, (deviation std_c)^2) a frame; std_c of the channel
View random_scaling(double deviation);  // a factor N(1, deviation^2) a channel

// A uniform rotation of space by up to `degrees` about a random axis: of each three channels in
// turn, the same for all threes of a device (accelerometer and gyroscope turn together). What is
// left of the channels stays.
View random_rotation(double degrees);

// A smooth factor a channel: 1 + cubic interpolation of N(0, deviation^2) at `knots` places.
View random_magnitude_warp(double deviation, int64_t knots = 4);

// Time runs at a smooth speed: cumulated 1 + cubic interpolation of N(0, deviation^2), scaled so
// that begin and end stay; linear interpolation.
View random_time_warp(double deviation, int64_t knots = 4);

// Cut into up to `pieces` of random lengths and put together in another order, with `probability`.
View random_permutation(double probability, int64_t pieces);

View random_channel_drop(double probability);  // each channel becomes its mean; never all of them

// A stretch of [least, 1] of the length, stretched to all of it by linear interpolation.
View random_time_crop(double least);

// Takes up to `part` of the frequencies away: one random band of the real Fourier transform (never
// the mean).
View random_band_stop(double part);

View random_reverse(double probability);  // played backwards

}  // namespace likewise
