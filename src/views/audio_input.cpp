// Recordings of sound as an encoder's input: waves or their spectrograms, all of one length.
#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/views/input.hpp"
#include "likewise/views/wave_views.hpp"

namespace likewise {

namespace {

constexpr double kMostSeconds = 4;
constexpr double kRoomSeconds = 0.4, kSemitones = 2;

AudioViewOptions nothing_random_audio() {
  AudioViewOptions o;
  o.mix = o.room = o.pitch = o.speed = o.keep = o.shift = o.noise = o.gain = 0;
  o.keep_min = 0.08;
  o.noise_low = 5, o.noise_high = 30;
  o.masks = {0, 0, 0, 0.25, 0.25, "mean", 0};
  return o;
}

AudioViewOptions defaults_of_audio(const std::string& recipe) {
  AudioViewOptions o = nothing_random_audio();
  if (recipe == "specaugment" || recipe == "both") {
    o.masks.warp = 0.1;
    o.masks.freq_masks = o.masks.time_masks = 2;
  }
  if (recipe == "waveform" || recipe == "both") {
    o.room = 0.2, o.pitch = 0.3, o.speed = 0.1, o.shift = 0.1, o.noise = 0.5, o.gain = 6;
  }
  if (recipe == "spectral") {  // the viewmaker authors': nlpaug's masks with factor 40 of 64
    o.masks.freq_masks = o.masks.time_masks = 1;
    o.masks.freq_width = o.masks.time_width = 0.61;
    o.masks.mask_value = "floor";
    o.masks.noise = 0.25;
  }
  if (recipe == "time") o.keep = 1, o.noise = 1;  // theirs on the wave
  return o;
}

int64_t frames_of_audio(const InputSpec& spec) {
  return std::max<int64_t>(1, std::llround(spec.audio.seconds * spec.signal.rate));
}

// The views on the wave.
std::vector<View> wave_chain_audio(const InputSpec& spec, bool random, const DatasetPtr& data) {
  const AudioViewOptions& o = spec.audio;
  const double rate = spec.signal.rate;
  std::vector<View> chain = {to_mono(o.channel == "first"),
                             crop_or_pad(frames_of_audio(spec), random)};
  if (random) {
    if (o.mix > 0 && data) {
      chain.push_back(random_mix(o.mix, o.noise_low, o.noise_high, [data](Rng& rng) {
        // A broken one would be a broken view: the first whole one of a few.
        for (int tries = 0; tries < 8; ++tries) {
          try {
            return data->get(rng.below(data->size())).parts.at(0);
          } catch (const DataError&) {
          }
        }
        throw DataError("{}: eight recordings to mix in were broken", data->info().name);
      }));
    }
    if (o.room > 0) chain.push_back(random_room(o.room, kRoomSeconds, rate));
    if (o.pitch > 0) chain.push_back(random_pitch(o.pitch, kSemitones, rate));
    if (o.speed > 0) chain.push_back(random_speed(o.speed));
    if (o.keep > 0) chain.push_back(random_keep(o.keep, o.keep_min));
    if (o.shift > 0) chain.push_back(random_shift(o.shift));
    if (o.noise > 0) chain.push_back(random_white_noise(o.noise, o.noise_low, o.noise_high));
    if (o.gain > 0) chain.push_back(random_gain(o.gain));
  }
  return chain;
}

View chain_to_input_audio(const InputSpec& spec, bool random, const DatasetPtr& data) {
  const AudioViewOptions& o = spec.audio;
  std::vector<View> chain = wave_chain_audio(spec, random, data);
  if (o.input != "wave") {
    chain.push_back(to_spectrogram(o.spectrum, spec.signal.rate, o.input == "linear"));
    if (random) detail::add_spectrogram_views(chain, o.masks);
  }
  return compose(std::move(chain));
}

View standardised_chain_audio(const InputSpec& spec, bool random, const DatasetPtr& data) {
  View chain = chain_to_input_audio(spec, random, data);
  if (spec.audio.standardize == "each") {
    return [chain](const Tensor& x, Rng& rng) { return standardised_alone(chain(x, rng)); };
  }
  return [chain, stats = spec.signal](const Tensor& x, Rng& rng) {
    return standardised(chain(x, rng), stats);
  };
}

void measure_audio(InputSpec& spec, const std::vector<Tensor>& samples, const DatasetInfo& info) {
  spec.signal = measure_signals(samples, info.rate);
}

std::string settle_audio(InputSpec& spec, const std::vector<Tensor>& samples) {
  AudioViewOptions& o = spec.audio;
  const bool chosen = o.recipe == "auto", wave = o.input == "wave";
  if (chosen) o.recipe = wave ? "waveform" : "both";
  if (o.input == "auto") o.input = "mel";
  if (o.size == 0) o.size = 64;
  if (o.seconds == 0) {
    o.seconds = std::min(kMostSeconds, static_cast<double>(spec.signal.length) / spec.signal.rate);
    o.seconds = std::max(0.001, std::ceil(o.seconds * 1000) / 1000);
  }
  const AudioViewOptions recipe = defaults_of_audio(o.recipe);
  for (double AudioViewOptions::*field :
       {&AudioViewOptions::mix, &AudioViewOptions::room, &AudioViewOptions::pitch,
        &AudioViewOptions::speed, &AudioViewOptions::keep, &AudioViewOptions::keep_min,
        &AudioViewOptions::shift, &AudioViewOptions::noise, &AudioViewOptions::noise_low,
        &AudioViewOptions::noise_high, &AudioViewOptions::gain}) {
    detail::set_default(o.*field, recipe.*field);
  }
  detail::set_defaults(o.masks, recipe.masks);
  if (o.noise_low > o.noise_high) {
    throw UserError("views.noise_low is {} dB and views.noise_high {} dB; accepted is low <= high",
                    o.noise_low, o.noise_high);
  }
  o.spectrum = resolve(o.spectrum, spec.signal.rate, frames_of_audio(spec), o.size);
  if (!samples.empty()) {
    std::vector<Tensor> inputs;
    const View plain = chain_to_input_audio(spec, false, nullptr);
    Rng unused(0);
    for (const Tensor& sample : samples) inputs.push_back(plain(sample, unused));
    measure_values(inputs, false, spec.signal);
  }
  const std::string what =
      wave ? fmt::format("waves of {} frames", frames_of_audio(spec))
           : fmt::format(
                 "{} spectrograms, {} rows x {} frames", o.input,
                 spectrogram_shape(o.spectrum, frames_of_audio(spec), o.input == "linear")[0],
                 spectrogram_shape(o.spectrum, frames_of_audio(spec), o.input == "linear")[1]);
  return fmt::format(
      "{} on {:.3g} s at {:.0f} Hz, as {}{}", o.recipe, o.seconds, spec.signal.rate, what,
      chosen ? " (95 of 100 recordings are no longer than " +
                   format_duration(static_cast<double>(spec.signal.length) / spec.signal.rate) + ")"
             : "");
}

std::vector<View> random_views_audio(const InputSpec& spec, const DatasetPtr& data) {
  const View view = standardised_chain_audio(spec, true, data);
  return {view, view};
}

View plain_view_audio(const InputSpec& spec) {
  return standardised_chain_audio(spec, false, nullptr);
}

InputShape shape_audio(const InputSpec& spec) {
  if (spec.audio.input == "wave") return {1, {frames_of_audio(spec)}};
  return {1, spectrogram_shape(spec.audio.spectrum, frames_of_audio(spec),
                               spec.audio.input == "linear")};
}

bool changes_spectrograms(const SpectrogramViewOptions& o) {
  return o.warp > 0 || o.noise > 0 || (o.freq_masks > 0 && o.freq_width > 0) ||
         (o.time_masks > 0 && o.time_width > 0);
}

std::optional<View> heard_wave_audio(const InputSpec& spec, bool random, const DatasetPtr& data) {
  if (random && spec.audio.input != "wave" && changes_spectrograms(spec.audio.masks))
    return std::nullopt;
  return compose(wave_chain_audio(spec, random, data));
}

Tensor listen_audio(const InputSpec& spec, const Tensor& input, const Tensor* other,
                    const SoundOptions& options, Rng& rng) {
  const AudioViewOptions& o = spec.audio;
  const auto whole = frames_of_audio(spec);
  const int64_t length =
      std::clamp<int64_t>(std::llround(options.seconds * spec.signal.rate), 1, whole);
  const auto unscaled = [&](const Tensor& x) {
    const int64_t last = x.dim() - 1, frames = last == 1 ? length : 1 + length / o.spectrum.hop;
    return x.to(at::kFloat).narrow(last, 0, frames) * spec.signal.std.at(0) +
           spec.signal.mean.at(0);
  };
  if (o.input == "wave")
    return other != nullptr ? unscaled(input) - unscaled(*other) : unscaled(input);
  Tensor powers = out_of_log(unscaled(input), o.spectrum.log);
  if (other != nullptr) powers = (powers - out_of_log(unscaled(*other), o.spectrum.log)).abs();
  return from_spectrogram(o.spectrum, spec.signal.rate, length, o.input == "linear", options)(
      powers, rng);
}

constexpr InputSound kAudioSound = {heard_wave_audio, listen_audio};

Image picture_audio(const InputSpec&, const Tensor& view, int64_t side) {
  return detail::signal_picture(view, side);
}

}  // namespace

const InputKind detail::kAudioInput = {
    Modality::audio,    "recording",      "recordings", "raw input",   measure_audio, settle_audio,
    random_views_audio, plain_view_audio, shape_audio,  picture_audio, &kAudioSound};

}  // namespace likewise
