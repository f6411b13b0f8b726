// Spectrograms turned back into sound: logarithms undone, pitch and place of tones kept, for
// spectrograms of every recipe and of frames far apart.
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/views/spectrum.hpp"

namespace likewise::sound_of_tests {
namespace {

constexpr double kRate = 8000;

// 500 Hz in the first half, 1500 Hz in the second.
Tensor two_tones(int64_t frames) {
  Tensor x = at::empty({1, frames}, at::kFloat);
  for (int64_t s = 0; s < frames; ++s) {
    const double hz = s < frames / 2 ? 500 : 1500;
    x.data_ptr<float>()[s] =
        static_cast<float>(0.3 * std::sin(2 * M_PI * hz * static_cast<double>(s) / kRate));
  }
  return x;
}

// Energy at a frequency in samples [from, to), of the whole energy there.
double share_of(const Tensor& x, double hz, int64_t from, int64_t to) {
  double re = 0, im = 0, whole = 0;
  for (int64_t s = from; s < to; ++s) {
    const double value = x.data_ptr<float>()[s];
    const double turn = 2 * M_PI * hz * static_cast<double>(s) / kRate;
    const double bell = 0.5 - 0.5 * std::cos(2 * M_PI * static_cast<double>(s - from) /
                                             static_cast<double>(to - from));
    re += bell * value * std::cos(turn), im += bell * value * std::sin(turn);
    whole += bell * value * value * bell;
  }
  return 3 * (re * re + im * im) / (whole * static_cast<double>(to - from));  // 1 for one tone
}

TEST(SoundOf, LogarithmsAreUndone) {
  const Tensor x = two_tones(2000);
  Rng rng(0);
  SpectrumOptions o;
  o.top_db = 0;
  o.log = "none";
  const Tensor powers = to_spectrogram(resolve(o, kRate, 2000, 32), kRate)(x, rng);
  for (const char* log : {"db", "db_squared", "ln", "none"}) {
    o.log = log;
    const Tensor shown = to_spectrogram(resolve(o, kRate, 2000, 32), kRate)(x, rng);
    const Tensor back = out_of_log(shown, log);
    const double away = (back - powers).abs().max().item<double>();
    EXPECT_LT(away, 1e-3 * powers.max().item<double>()) << log;
    EXPECT_GE(back.min().item<double>(), 0) << log;
  }
}

TEST(SoundOf, TonesComeBackAtTheirTimeAndPitch) {
  const Tensor x = two_tones(8000);
  for (const char* recipe : {"likewise", "librosa", "torchaudio", "viewmaker"}) {
    for (const bool linear : {false, true}) {
      SCOPED_TRACE(std::string(recipe) + (linear ? ", linear" : ", mel"));
      SpectrumOptions o;
      o.recipe = recipe;
      o = resolve(o, kRate, 8000, 64);
      Rng rng(1), again(1);
      const Tensor shown = to_spectrogram(o, kRate, linear)(x, rng);
      const View sound = from_spectrogram(o, kRate, 8000, linear);
      const Tensor powers = out_of_log(shown, o.log);
      const Tensor made = sound(powers, rng);
      ASSERT_EQ(made.sizes(), x.sizes());
      // Of pure tones the definition gives 1; bands of mel are wider than a tone.
      const double least = linear ? 0.5 : 0.03;
      EXPECT_GT(share_of(made, 500, 1000, 3000), least);
      EXPECT_GT(share_of(made, 1500, 5000, 7000), least);
      EXPECT_LT(share_of(made, 1500, 1000, 3000), 0.01);
      EXPECT_LT(share_of(made, 500, 5000, 7000), 0.01);
      // As loud as it was.
      EXPECT_NEAR(std::log10(made.pow(2).mean().item<double>() / x.pow(2).mean().item<double>()), 0,
                  0.2);
      to_spectrogram(o, kRate, linear)(x, again);
      EXPECT_TRUE((sound(powers, again) - made).abs().max().item<double>() == 0) << "no chance";
    }
  }
  // The bound that the shares are measured by.
  EXPECT_NEAR(share_of(x, 500, 1000, 3000), 1, 0.02);
}

TEST(SoundOf, OtherShapesAreRefused) {
  const SpectrumOptions o = resolve({}, kRate, 2000, 32);
  Rng rng(0);
  const View sound = from_spectrogram(o, kRate, 2000);
  EXPECT_EQ(sound(at::zeros({2, 32, 32}, at::kFloat), rng).sizes(),
            (std::vector<int64_t>{2, 2000}));
  EXPECT_THROW(sound(at::zeros({1, 31, 32}, at::kFloat), rng), UserError);
  EXPECT_THROW(sound(at::zeros({32, 32}, at::kFloat), rng), UserError);
}

}  // namespace
}  // namespace likewise::sound_of_tests
