#include "likewise/views/spectrum.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "kernels/audio/spectrum_ops.hpp"
#include "likewise/base/error.hpp"
#include "views/signal_tensor.hpp"
#include "views/spectrum_shape.hpp"

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
  const kernels::SpectrumOps& ops = kernels::spectrum_ops();
  if (log == "ln") {
    ops.log(values, count, 1, 1e-6F, 1e-38F, 0.69314718F);
    return;
  }
  constexpr float kLeast = 1e-10F, kDecibels = 3.01029996F;  // 10 log10(2)
  const float most = ops.log(values, count, log == "db_squared" ? 2 : 1, 0, kLeast, kDecibels);
  if (top_db <= 0) return;
  const float floor = most - static_cast<float>(top_db);
  for (int64_t i = 0; i < count; ++i) values[i] = std::max(values[i], floor);
}

}  // namespace

namespace detail {

kernels::StftShape stft_shape(const SpectrumOptions& o) {
  return {.n_fft = o.n_fft,
          .hop = o.hop,
          .window = o.window,
          .centred = true,
          .padding = o.padding == "reflect" ? kernels::Padding::reflect : kernels::Padding::zero,
          .power = o.power};
}

kernels::MelFilters mel_filters_of(const SpectrumOptions& o, double rate, bool linear) {
  if (linear) return {};
  return kernels::mel_filters(rate, o.n_fft, o.mels, o.fmin, o.fmax,
                              o.scale == "htk" ? kernels::MelScale::htk : kernels::MelScale::slaney,
                              o.norm == "slaney");
}

}  // namespace detail

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
  const auto maker = std::make_shared<const kernels::Spectrogram>(
      detail::stft_shape(o), detail::mel_filters_of(o, rate, linear));
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
