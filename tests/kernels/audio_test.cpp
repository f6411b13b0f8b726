// Fourier transforms and spectrograms against their definitions, for every instruction set, lengths
// of every kind of factor, and frame counts that leave every rest.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/audio/spectrogram.hpp"
#include "kernels/audio/spectrum_ops.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "support/simd_sets.hpp"

namespace likewise::kernels::audio_tests {
namespace {

std::vector<float> noise(int64_t n, uint64_t seed) {
  std::vector<float> x(static_cast<size_t>(n));
  Rng rng(seed);
  rng.fill_normal(x.data(), n);
  return x;
}

TEST(RealFft, IsTheDefinitionInEveryLaneForEveryLength) {
  std::vector<int64_t> lengths;
  for (int64_t n = 1; n <= 36; ++n) lengths.push_back(n);
  for (const int64_t n : {63, 64, 77, 100, 101, 128, 200, 256, 400, 512}) lengths.push_back(n);
  for (const Simd simd : simd_sets()) {
    for (const int64_t n : lengths) {
      SCOPED_TRACE(std::string(simd_name(simd)) + ", length " + std::to_string(n));
      const FftPlan plan = make_fft_plan(n);
      const int64_t bins = n / 2 + 1;
      const auto x = noise(n * kFftLanes, static_cast<uint64_t>(n));
      std::vector<float> re(static_cast<size_t>(bins * kFftLanes)), im(re.size());
      std::vector<float> work(static_cast<size_t>(4 * plan.complex_n * kFftLanes));
      real_fft(plan, x.data(), re.data(), im.data(), work.data(), simd);
      for (int64_t lane = 0; lane < kFftLanes; lane += 5) {
        std::vector<double> frame, expected_re(static_cast<size_t>(bins)),
            expected_im(expected_re.size());
        for (int64_t t = 0; t < n; ++t)
          frame.push_back(x[static_cast<size_t>(t * kFftLanes + lane)]);
        real_dft_slow(frame.data(), n, expected_re.data(), expected_im.data());
        const double tolerance =
            1e-6 * std::sqrt(static_cast<double>(n)) * std::log2(2.0 * static_cast<double>(n)) +
            1e-6;
        for (int64_t k = 0; k < bins; ++k) {
          ASSERT_NEAR(re[static_cast<size_t>(k * kFftLanes + lane)],
                      expected_re[static_cast<size_t>(k)], tolerance)
              << k;
          ASSERT_NEAR(im[static_cast<size_t>(k * kFftLanes + lane)],
                      expected_im[static_cast<size_t>(k)], tolerance)
              << k;
        }
      }
    }
  }
}

TEST(SpectrumOps, AreTheirLoopsForEverySetAndRest) {
  for (const Simd simd : simd_sets()) {
    const SpectrumOps& ops = spectrum_ops(simd);
    for (const int64_t n : {1, 7, 8, 15, 16, 17, 63, 64}) {
      SCOPED_TRACE(std::string(simd_name(simd)) + ", " + std::to_string(n));
      for (const int64_t hop : {1, 5, 40}) {
        const auto wave = noise(15 * hop + n, 1), window = noise(n, 2);
        std::vector<float> out(static_cast<size_t>(n * kFftLanes));
        ops.pack(wave.data(), hop, n, window.data(), out.data());
        for (int64_t i = 0; i < n; ++i) {
          for (int64_t l = 0; l < kFftLanes; ++l) {
            ASSERT_EQ(out[static_cast<size_t>(i * kFftLanes + l)],
                      wave[static_cast<size_t>(l * hop + i)] * window[static_cast<size_t>(i)]);
          }
        }
      }
      auto re = noise(n, 3);
      const auto im = noise(n, 4), before = re;
      ops.energy(re.data(), im.data(), n, re.data());
      for (size_t i = 0; i < re.size(); ++i) {
        ASSERT_NEAR(re[i], before[i] * before[i] + im[i] * im[i], 1e-6);
      }
      const auto x = noise(n * kFftLanes, 5), weights = noise(n, 6);
      float sum[kFftLanes];
      ops.weigh(x.data(), weights.data(), n, sum);
      for (size_t l = 0; l < kFftLanes; ++l) {
        double expected = 0;
        for (size_t k = 0; k < weights.size(); ++k) expected += weights[k] * x[k * kFftLanes + l];
        ASSERT_NEAR(sum[l], expected, 1e-5);
      }
      std::vector<float> values;
      for (int64_t i = 0; i < n; ++i)
        values.push_back(std::pow(10.0F, static_cast<float>(i % 40) - 25));
      for (const int64_t power : {1, 2}) {
        auto logs = values;
        const float most = ops.log(logs.data(), n, power, 1e-12F, 1e-10F, 3.01029996F);
        double largest = -1e30;
        for (size_t i = 0; i < logs.size(); ++i) {
          const double value = std::pow(static_cast<double>(values[i]), power) + 1e-12;
          if (value > 1e37) continue;  // beyond float
          ASSERT_NEAR(logs[i], 10 * std::log10(std::max(value, 1e-10)), 2e-4) << values[i];
        }
        for (const float value : logs) largest = std::max<double>(largest, value);
        ASSERT_EQ(most, largest);
      }
    }
  }
}

TEST(Spectrogram, IsItsSlowTwin) {
  int cases = 0;
  for (const int64_t n_fft : {16, 25, 63, 64}) {
    for (const int64_t hop : {5, 16}) {
      for (const bool centred : {false, true}) {
        for (const Padding padding : {Padding::zero, Padding::reflect}) {
          for (const double power : {1.0, 2.0, 1.5}) {
            for (const int64_t length : {1, 3, 70, 80, 241}) {
              const StftShape shape{n_fft, hop, n_fft - 3, centred, padding, power};
              for (const bool mel : {false, true}) {
                const Spectrogram spectrogram(
                    shape, mel ? mel_filters(8000, n_fft, 5, 100, 3900, MelScale::slaney, true)
                               : MelFilters{});
                const int64_t frames = spectrogram.frames(length);
                const auto wave = noise(length, 7);
                std::vector<float> got(static_cast<size_t>(spectrogram.rows() * frames));
                std::vector<double> expected(got.size());
                spectrogram(wave.data(), length, got.data());
                spectrogram.slow(wave.data(), length, expected.data());
                for (size_t i = 0; i < got.size(); ++i) {
                  ASSERT_NEAR(got[i], expected[i], 1e-4 * (1 + expected[i]))
                      << n_fft << " " << hop << " " << i;
                }
                ++cases;
              }
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(cases, 4 * 2 * 2 * 2 * 3 * 5 * 2);
}

TEST(Spectrogram, ASineLiesInItsBin) {
  const int64_t n = 64;
  std::vector<float> wave(640);
  for (size_t t = 0; t < wave.size(); ++t)
    wave[t] = std::sin(2 * static_cast<float>(M_PI) * 10 * static_cast<float>(t) / 64);
  const Spectrogram spectrogram(StftShape{.n_fft = n, .hop = 64, .centred = false});
  std::vector<float> out(static_cast<size_t>(spectrogram.rows() * spectrogram.frames(640)));
  spectrogram(wave.data(), 640, out.data());
  // A Hann window passes half the amplitude to its own bin: |X| = n / 4.
  EXPECT_NEAR(out[10 * static_cast<size_t>(spectrogram.frames(640))], n * n / 16.0, 1e-2);
}

TEST(MelFilters, AreTrianglesWithoutHolesBetweenThem) {
  for (const MelScale scale : {MelScale::slaney, MelScale::htk}) {
    const auto filters = mel_filters(16000, 2048, 40, 0, 8000, scale, false).dense();
    for (int64_t k = 0; k < 1025; ++k) {
      const double hz = static_cast<double>(k) * 16000 / 2048;
      double sum = 0;
      for (int64_t m = 0; m < 40; ++m) sum += filters[static_cast<size_t>(m * 1025 + k)];
      EXPECT_LE(sum, 1 + 1e-6);
      if (hz > 300 && hz < 7000) {
        EXPECT_NEAR(sum, 1, 1e-5) << hz;
      }
    }
  }
}

TEST(Spectrogram, ImpossibleSettingsAreRefused) {
  EXPECT_THROW(make_fft_plan(0), UserError);
  EXPECT_THROW(Spectrogram(StftShape{.n_fft = 8, .hop = 0}), UserError);
  EXPECT_THROW(Spectrogram(StftShape{.n_fft = 8, .hop = 1, .window = 9}), UserError);
  EXPECT_THROW(mel_filters(8000, 512, 10, 0, 4001, MelScale::htk, false), UserError);
  EXPECT_THROW(mel_filters(8000, 512, 10, 3000, 3000, MelScale::htk, false), UserError);
}

}  // namespace
}  // namespace likewise::kernels::audio_tests
