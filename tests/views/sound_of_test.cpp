// Spectrograms turned back into sound: logarithms undone, pitch and place of tones kept, for
// spectrograms of every recipe and of frames far apart.
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

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

// The share of the energy of samples [from, to) that lies within a fifth of a frequency.
double share_of(const Tensor& x, double hz, int64_t from, int64_t to) {
  const auto n = static_cast<double>(to - from);
  double inside = 0, whole = 0;
  std::vector<double> bell;
  for (int64_t s = from; s < to; ++s) {
    const double t = static_cast<double>(s - from) / n;
    bell.push_back((0.5 - 0.5 * std::cos(2 * M_PI * t)) * x.data_ptr<float>()[s]);
    whole += bell.back() * bell.back() * n / 2;
  }
  for (double f = 0.8 * hz; f < 1.2 * hz; f += kRate / n) {
    double re = 0, im = 0;
    for (size_t s = 0; s < bell.size(); ++s) {
      const double turn = 2 * M_PI * f * static_cast<double>(s) / kRate;
      re += bell[s] * std::cos(turn), im += bell[s] * std::sin(turn);
    }
    inside += re * re + im * im;
  }
  return inside / whole;
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
      EXPECT_GT(share_of(made, 500, 1500, 2500), 0.8);
      EXPECT_GT(share_of(made, 1500, 5500, 6500), 0.8);
      // As loud as it was.
      EXPECT_NEAR(std::log10(made.pow(2).mean().item<double>() / x.pow(2).mean().item<double>()), 0,
                  0.2);
      to_spectrogram(o, kRate, linear)(x, again);
      EXPECT_TRUE((sound(powers, again) - made).abs().max().item<double>() == 0) << "no chance";
    }
  }
  // The bound that the shares are measured by.
  EXPECT_NEAR(share_of(x, 500, 1500, 2500), 1, 0.01);
  EXPECT_LT(share_of(x, 1500, 1500, 2500), 0.01);
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
