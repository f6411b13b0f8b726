#include "likewise/views/spectrum.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "kernels/audio/spectrogram.hpp"
#include "likewise/base/error.hpp"
#include "views/signal_tensor.hpp"

namespace likewise {

namespace {

struct Recipe {
  const char* name;
  int64_t n_fft, hop, mels;  // 0: by rate, length, size
  const char *scale, *norm, *padding, *log;
  double top_db;
};
constexpr Recipe kRecipes[] = {
    {"likewise", 0, 0, 0, "slaney", "slaney", "zero", "db", 80},
    {"librosa", 2048, 512, 128, "slaney", "slaney", "zero", "db", 80},
    {"torchaudio", 400, 200, 128, "htk", "none", "reflect", "db", 0},
    {"viewmaker", 2048, 0, 0, "slaney", "slaney", "zero", "db_squared", 80},
};

int64_t power_of_two(double least) {
  int64_t n = 64;
  while (static_cast<double>(n) < least) n *= 2;
  return n;
}

// 10 log10 etc. in place; `values` of one channel.
void take_log(float* values, int64_t count, const std::string& log, double top_db) {
  if (log == "none") return;
  if (log == "ln") {
    for (int64_t i = 0; i < count; ++i) values[i] = std::log(values[i] + 1e-6F);
    return;
  }
  constexpr float kLeast = 1e-10F;
  float most = -1e30F;
  for (int64_t i = 0; i < count; ++i) {
    const float value = log == "db_squared" ? values[i] * values[i] : values[i];
    values[i] = 10 * std::log10(std::max(value, kLeast));
    most = std::max(most, values[i]);
  }
  if (top_db <= 0) return;
  const float floor = most - static_cast<float>(top_db);
  for (int64_t i = 0; i < count; ++i) values[i] = std::max(values[i], floor);
}

kernels::StftShape shape_of(const SpectrumOptions& o) {
  return {.n_fft = o.n_fft,
          .hop = o.hop,
          .window = o.window,
          .centred = true,
          .padding = o.padding == "reflect" ? kernels::Padding::reflect : kernels::Padding::zero,
          .power = o.power};
}

}  // namespace

SpectrumOptions resolve(const SpectrumOptions& asked, double rate, int64_t length, int64_t size) {
  SpectrumOptions o = asked;
  if (o.recipe == "auto") o.recipe = "likewise";
  const Recipe* recipe = &kRecipes[0];
  for (const Recipe& known : kRecipes) {
    if (o.recipe == known.name) recipe = &known;
  }
  const auto number = [](int64_t& value, int64_t of_recipe, int64_t otherwise) {
    if (value == 0) value = of_recipe > 0 ? of_recipe : otherwise;
  };
  const auto word = [](std::string& value, const char* of_recipe) {
    if (value == "auto") value = of_recipe;
  };
  number(o.n_fft, recipe->n_fft, power_of_two(0.04 * rate));
  number(o.hop, recipe->hop, length / size + 1);  // gives exactly `size` frames
  number(o.mels, recipe->mels, size);
  number(o.window, 0, o.n_fft);
  word(o.scale, recipe->scale);
  word(o.norm, recipe->norm);
  word(o.padding, recipe->padding);
  word(o.log, recipe->log);
  if (std::isnan(o.fmin)) o.fmin = 0;
  if (std::isnan(o.fmax)) o.fmax = rate / 2;
  if (std::isnan(o.top_db)) o.top_db = recipe->top_db;
  if (o.power == 0) o.power = 2;
  if (o.window > o.n_fft) {
    throw UserError("views.spectrum.window is {}, but must be at most n_fft, {}", o.window,
                    o.n_fft);
  }
  if (!(o.fmin < o.fmax && o.fmax <= rate / 2 + 1e-9)) {
    throw UserError(
        "views.spectrum.fmin is {} and fmax {}; accepted is fmin < fmax <= {}, half the rate",
        o.fmin, o.fmax, rate / 2);
  }
  return o;
}

View to_spectrogram(const SpectrumOptions& o, double rate, bool linear) {
  kernels::MelFilters filters;
  if (!linear) {
    filters = kernels::mel_filters(
        rate, o.n_fft, o.mels, o.fmin, o.fmax,
        o.scale == "htk" ? kernels::MelScale::htk : kernels::MelScale::slaney, o.norm == "slaney");
  }
  const auto maker = std::make_shared<const kernels::Spectrogram>(shape_of(o), std::move(filters));
  return [maker, log = o.log, top_db = o.top_db](const Tensor& x, Rng&) {
    const Tensor in = detail::checked_signal(x);
    const int64_t channels = in.size(0), length = in.size(1);
    const int64_t rows = maker->rows(), frames = maker->frames(length);
    Tensor out = at::empty({channels, rows, frames}, at::kFloat);
    for (int64_t c = 0; c < channels; ++c) {
      float* to = out.data_ptr<float>() + c * rows * frames;
      (*maker)(in.data_ptr<float>() + c * length, length, to);
      take_log(to, rows * frames, log, top_db);
    }
    return out;
  };
}

std::vector<int64_t> spectrogram_shape(const SpectrumOptions& o, int64_t length, bool linear) {
  return {linear ? o.n_fft / 2 + 1 : o.mels, 1 + length / o.hop};
}

}  // namespace likewise
