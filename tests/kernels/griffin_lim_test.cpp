// Sound from spectrograms: the inverse transform against the definition, windows that overlap give
// the wave back, Griffin-Lim's error falls and ends low, mel bands are undone.
#include "kernels/audio/griffin_lim.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "likewise/base/error.hpp"
#include "support/simd_sets.hpp"

namespace likewise::kernels::griffin_lim_tests {
namespace {

constexpr double kRate = 8000;

std::vector<float> noise(int64_t n, uint64_t seed) {
  std::vector<float> x(static_cast<size_t>(n));
  Rng rng(seed);
  rng.fill_normal(x.data(), n);
  return x;
}

// From 300 to 2000 Hz in half a second.
std::vector<float> chirp() {
  std::vector<float> x(4000);
  for (size_t s = 0; s < x.size(); ++s) {
    const double t = static_cast<double>(s) / kRate;
    x[s] = static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * (300 * t + 1700 * t * t)));
  }
  return x;
}

std::vector<float> sines() {
  std::vector<float> x(4000);
  for (size_t s = 0; s < x.size(); ++s) {
    const double t = static_cast<double>(s) / kRate * 2 * std::numbers::pi;
    x[s] = static_cast<float>(0.3 * std::sin(440 * t) + 0.2 * std::sin(1130 * t) +
                              0.1 * std::cos(2500 * t));
  }
  return x;
}

Stft stft() { return Stft({.n_fft = 512, .hop = 128}); }

// |STFT| [bins, frames]
std::vector<float> magnitudes(const Stft& stft, const std::vector<float>& wave) {
  StftShape shape = stft.shape();
  shape.power = 1;
  const auto length = static_cast<int64_t>(wave.size());
  const Spectrogram maker(shape);
  std::vector<float> out(static_cast<size_t>(maker.rows() * maker.frames(length)));
  maker(wave.data(), length, out.data());
  return out;
}

TEST(RealInverseFft, UndoesTheTransformInEveryLaneForEveryLength) {
  for (const Simd simd : simd_sets()) {
    for (const int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 12, 15, 16, 25, 63, 64, 100, 101, 400, 512}) {
      SCOPED_TRACE(std::string(simd_name(simd)) + ", length " + std::to_string(n));
      const FftPlan plan = make_fft_plan(n);
      const auto x = noise(n * kFftLanes, static_cast<uint64_t>(n));
      const auto bins = static_cast<size_t>((n / 2 + 1) * kFftLanes);
      std::vector<float> re(bins), im(bins), back(x.size());
      std::vector<float> work(static_cast<size_t>(inverse_work(plan)));
      real_fft(plan, x.data(), re.data(), im.data(), work.data(), simd);
      // What no real frame has plays no part.
      for (size_t l = 0; l < kFftLanes; ++l) im[l] = 7;
      if (n % 2 == 0) {
        for (size_t l = bins - kFftLanes; l < bins; ++l) im[l] = -3;
      }
      real_inverse_fft(plan, re.data(), im.data(), back.data(), work.data(), simd);
      for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(back[i], x[i], 2e-5) << i;
    }
  }
}

TEST(Stft, TheInverseGivesTheWaveBackWhereWindowsOverlap) {
  for (const int64_t n_fft : {64, 63}) {
    for (const int64_t hop : {7, 16, 32}) {
      for (const Padding padding : {Padding::zero, Padding::reflect}) {
        for (const int64_t length : {1, 70, 640, 1001}) {
          const Stft stft({.n_fft = n_fft, .hop = hop, .padding = padding});
          const auto x = noise(length, 3);
          std::vector<float> re(static_cast<size_t>(stft.size(stft.frames(length)))), im(re.size());
          std::vector<float> back(x.size());
          stft.forward(x.data(), length, re.data(), im.data());
          stft.inverse(re.data(), im.data(), length, back.data());
          for (size_t i = 0; i < x.size(); ++i) {
            ASSERT_NEAR(back[i], x[i], 1e-4) << n_fft << " " << hop << " " << length << " " << i;
          }
        }
      }
    }
  }
  // Frames without overlap: silence between them, nothing else.
  const Stft sparse({.n_fft = 16, .hop = 40});
  const auto x = noise(200, 1);
  std::vector<float> re(static_cast<size_t>(sparse.size(6))), im(re.size()), back(200, 9.0F);
  sparse.forward(x.data(), 200, re.data(), im.data());
  sparse.inverse(re.data(), im.data(), 200, back.data());
  EXPECT_EQ(back[20], 0);
  EXPECT_NEAR(back[40], x[40], 1e-5);
}

TEST(GriffinLim, RecoversTonesBelowAStatedError) {
  for (const auto& wave : {chirp(), sines()}) {
    const Stft transform = stft();
    const auto m = magnitudes(transform, wave);
    Rng rng(1), again(1);
    std::vector<double> errors;
    const auto length = static_cast<int64_t>(wave.size());
    const auto made =
        griffin_lim(transform, m.data(), length, {.iterations = 100}, rng, nullptr, &errors);
    ASSERT_EQ(errors.size(), 101U);
    EXPECT_LT(errors.back(), 0.1);
    EXPECT_LT(errors.back(), errors.front() / 4);
    // The error that is told is that of the wave that is given.
    const auto found = magnitudes(transform, made);
    double wrong = 0, whole = 0;
    for (size_t i = 0; i < m.size(); ++i) {
      wrong += std::pow(found[i] - m[i], 2);
      whole += std::pow(m[i], 2);
    }
    EXPECT_NEAR(std::sqrt(wrong / whole), errors.back(), 1e-3);
    EXPECT_EQ(griffin_lim(transform, m.data(), length, {.iterations = 100}, again), made);
  }
}

TEST(GriffinLim, TheOriginalFormNeverGetsWorseAndMomentumEndsBelowIt) {
  const auto wave = sines();
  const Stft transform = stft();
  const auto m = magnitudes(transform, wave);
  std::vector<double> plain, fast;
  Rng a(2), b(2);
  griffin_lim(transform, m.data(), 4000, {.iterations = 60, .momentum = 0}, a, nullptr, &plain);
  griffin_lim(transform, m.data(), 4000, {.iterations = 60}, b, nullptr, &fast);
  for (size_t n = 1; n < plain.size(); ++n) EXPECT_LE(plain[n], plain[n - 1] + 1e-6) << n;
  EXPECT_EQ(plain.front(), fast.front());
  EXPECT_LT(plain.back(), 0.7 * plain.front());
  EXPECT_LT(fast.back(), plain.back());
}

TEST(GriffinLim, IsExactAtTheRightPhases) {
  const auto wave = chirp();
  const Stft transform = stft();
  const auto m = magnitudes(transform, wave);
  std::vector<double> errors;
  Rng rng(3);
  const auto made =
      griffin_lim(transform, m.data(), 4000, {.iterations = 3}, rng, wave.data(), &errors);
  for (size_t s = 0; s < wave.size(); ++s) ASSERT_NEAR(made[s], wave[s], 1e-4) << s;
  for (const double error : errors) EXPECT_LT(error, 1e-4);
}

TEST(GriffinLim, Extremes) {
  const Stft transform = stft();
  Rng rng(4);
  const std::vector<float> nothing(static_cast<size_t>(257 * transform.frames(1000)), 0.0F);
  for (const float value : griffin_lim(transform, nothing.data(), 1000, {}, rng)) {
    ASSERT_EQ(value, 0);
  }
  EXPECT_EQ(griffin_lim(transform, nothing.data(), 1, {.iterations = 0}, rng).size(), 1U);
  EXPECT_THROW(griffin_lim(transform, nothing.data(), 1, {.momentum = -1}, rng), UserError);
}

TEST(MelToSpectrum, FiltersSeeTheSameAgainAndNothingIsNegative) {
  for (const bool normalised : {false, true}) {
    const MelFilters filters = mel_filters(kRate, 512, 40, 100, 3900, MelScale::slaney, normalised);
    const auto dense = filters.dense();
    const int64_t frames = 5;
    std::vector<float> mel(40 * frames, 0.0F);
    Rng rng(5);
    for (int64_t k = 0; k < 257; ++k) {
      for (int64_t t = 0; t < frames; ++t) {
        const double energy = t == 4 ? 0 : std::pow(rng.uniform(), 4);  // one frame is silent
        for (int64_t m = 0; m < 40; ++m) {
          mel[static_cast<size_t>(m * frames + t)] +=
              static_cast<float>(dense[static_cast<size_t>(m * 257 + k)] * energy);
        }
      }
    }
    double before = 1e30;
    for (const int64_t steps : {1, 5, 20, 200}) {
      const auto p = mel_to_spectrum(filters, mel.data(), frames, steps);
      double wrong = 0, whole = 0;
      for (int64_t t = 0; t < frames; ++t) {
        for (int64_t m = 0; m < 40; ++m) {
          double sum = 0;
          for (int64_t k = 0; k < 257; ++k) {
            const float value = p[static_cast<size_t>(k * frames + t)];
            ASSERT_GE(value, 0);
            sum += dense[static_cast<size_t>(m * 257 + k)] * static_cast<double>(value);
          }
          const double expected = mel[static_cast<size_t>(m * frames + t)];
          wrong += std::pow(sum - expected, 2), whole += expected * expected;
        }
      }
      EXPECT_LE(wrong, before);
      before = wrong;
      if (steps == 200) {
        EXPECT_LT(std::sqrt(wrong / whole), 0.01);
      }
      EXPECT_EQ(p[0], 0) << "no filter looks at 0 Hz";
    }
  }
}

}  // namespace
}  // namespace likewise::kernels::griffin_lim_tests
