// Windows of sensor series as an encoder's input: the series, or their spectrograms (the viewmaker
// paper's route: n_fft 63, 32 frames, log(p + 1e-6), standardised a channel).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/views/input.hpp"
#include "likewise/views/wave_views.hpp"

namespace likewise {

namespace {

constexpr int64_t kPictureFrames = 32, kPaperFft = 63, kPieces = 5;

SeriesViewOptions nothing_random_series() {
  SeriesViewOptions o;
  o.crop = 1;
  o.rotate = o.permute = o.time_warp = o.magnitude_warp = o.scaling = o.jitter = o.drop =
      o.band_stop = 0;
  o.reverse = 0;
  o.masks = {0, 0, 0, 0.25, 0.25, "mean", 0};
  return o;
}

SeriesViewOptions defaults_of_series(const std::string& recipe, int64_t channels) {
  SeriesViewOptions o = nothing_random_series();
  if (recipe == "sensor") {
    o.crop = 0.6, o.time_warp = 0.2, o.magnitude_warp = 0.2, o.scaling = 0.2, o.jitter = 0.1;
    o.band_stop = 0.2;
    if (channels % 3 == 0) o.rotate = 30;  // threes of axes
    if (channels >= 3) o.drop = 0.1;
  }
  if (recipe == "spectral" || recipe == "spectral_noise") {  // nlpaug's masks with factor 20 of 32
    o.masks.freq_masks = o.masks.time_masks = 1;
    o.masks.freq_width = o.masks.time_width = 0.6;
    if (recipe == "spectral_noise") o.masks.noise = 0.25;
  }
  return o;
}

SpectrumOptions spectrum_of_series(const InputSpec& spec) {
  SpectrumOptions o;
  o.n_fft = spec.series.n_fft;
  o.hop = spec.series.hop;
  o.log = "ln";
  o.top_db = 0;
  return resolve(o, std::max(spec.signal.rate, 1.0), spec.signal.length, kPictureFrames);
}

// Every window of the same length: other data may have been opened with another.
View chain_to_input_series(const InputSpec& spec, bool random) {
  const SeriesViewOptions& o = spec.series;
  std::vector<View> chain = {crop_or_pad(spec.signal.length, random)};
  if (random) {
    if (o.crop < 1) chain.push_back(random_time_crop(o.crop));
    if (o.rotate > 0) chain.push_back(random_rotation(o.rotate));
    if (o.permute > 0) chain.push_back(random_permutation(o.permute, kPieces));
    if (o.time_warp > 0) chain.push_back(random_time_warp(o.time_warp));
    if (o.magnitude_warp > 0) chain.push_back(random_magnitude_warp(o.magnitude_warp));
    if (o.scaling > 0) chain.push_back(random_scaling(o.scaling));
    if (o.jitter > 0) chain.push_back(random_jitter(o.jitter));
    if (o.drop > 0) chain.push_back(random_channel_drop(o.drop));
    if (o.band_stop > 0) chain.push_back(random_band_stop(o.band_stop));
    if (o.reverse > 0) chain.push_back(random_reverse(o.reverse));
  }
  if (o.input == "spectrogram") {
    chain.push_back(
        to_spectrogram(spectrum_of_series(spec), std::max(spec.signal.rate, 1.0), true));
    if (random) detail::add_spectrogram_views(chain, o.masks);
  }
  return compose(std::move(chain));
}

View standardised_chain_series(const InputSpec& spec, bool random) {
  return [chain = chain_to_input_series(spec, random), stats = spec.signal](const Tensor& x,
                                                                            Rng& rng) {
    if (x.size(0) != stats.channels) {
      throw DataError("a series has {} channels, but the encoder takes {}", x.size(0),
                      stats.channels);
    }
    return standardised(chain(x, rng), stats);
  };
}

void measure_series(InputSpec& spec, const std::vector<Tensor>& samples, const DatasetInfo& info) {
  spec.signal = measure_signals(samples, info.rate);
}

std::string settle_series(InputSpec& spec, const std::vector<Tensor>& samples) {
  SeriesViewOptions& o = spec.series;
  const bool spectral = o.recipe == "spectral" || o.recipe == "spectral_noise";
  if (o.recipe == "auto") o.recipe = "sensor";
  if (o.input == "auto") o.input = spectral ? "spectrogram" : "series";
  if (o.n_fft == 0) o.n_fft = kPaperFft;
  if (o.hop == 0) o.hop = spec.signal.length / kPictureFrames + 1;
  const SeriesViewOptions recipe = defaults_of_series(o.recipe, spec.signal.channels);
  for (double SeriesViewOptions::*field :
       {&SeriesViewOptions::crop, &SeriesViewOptions::rotate, &SeriesViewOptions::permute,
        &SeriesViewOptions::time_warp, &SeriesViewOptions::magnitude_warp,
        &SeriesViewOptions::scaling, &SeriesViewOptions::jitter, &SeriesViewOptions::drop,
        &SeriesViewOptions::band_stop, &SeriesViewOptions::reverse}) {
    detail::set_default(o.*field, recipe.*field);
  }
  detail::set_defaults(o.masks, recipe.masks);
  if (!samples.empty()) {
    std::vector<Tensor> inputs;
    const View plain = chain_to_input_series(spec, false);
    Rng unused(0);
    for (const Tensor& sample : samples) {
      if (sample.size(0) == spec.signal.channels) inputs.push_back(plain(sample, unused));
    }
    measure_values(inputs, true, spec.signal);
  }
  const std::string rate =
      spec.signal.rate > 0 ? fmt::format(" at {:g} Hz", spec.signal.rate) : std::string();
  return fmt::format("{} on {} channels x {} frames{}, as {}", o.recipe, spec.signal.channels,
                     spec.signal.length, rate, o.input);
}

std::vector<View> random_views_series(const InputSpec& spec, const DatasetPtr&) {
  const View view = standardised_chain_series(spec, true);
  return {view, view};
}

View plain_view_series(const InputSpec& spec) { return standardised_chain_series(spec, false); }

InputShape shape_series(const InputSpec& spec) {
  if (spec.series.input != "spectrogram") return {spec.signal.channels, {spec.signal.length}};
  return {spec.signal.channels,
          spectrogram_shape(spectrum_of_series(spec), spec.signal.length, true)};
}

Image picture_series(const InputSpec&, const Tensor& view, int64_t side) {
  return detail::signal_picture(view, side);
}

}  // namespace

const InputKind detail::kSeriesInput = {Modality::series,    "window",          "windows",
                                        "raw input",         measure_series,    settle_series,
                                        random_views_series, plain_view_series, shape_series,
                                        picture_series};

}  // namespace likewise
