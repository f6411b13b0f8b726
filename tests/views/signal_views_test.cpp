// What every view of waves, series and spectrograms must keep, beside what it changes.
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "likewise/base/error.hpp"
#include "likewise/views/spectrogram_views.hpp"
#include "likewise/views/wave_views.hpp"
#include "views/curves.hpp"

namespace likewise::signal_tests {
namespace {

Tensor noise(std::vector<int64_t> shape, uint64_t seed) {
  Tensor x = at::empty(shape, at::kFloat);
  Rng rng(seed);
  rng.fill_normal(x.data_ptr<float>(), x.numel());
  return x;
}

Tensor tone(double hz, double rate, int64_t frames) {
  Tensor x = at::empty({1, frames}, at::kFloat);
  for (int64_t t = 0; t < frames; ++t) {
    x.data_ptr<float>()[t] =
        static_cast<float>(std::sin(2 * M_PI * hz * static_cast<double>(t) / rate));
  }
  return x;
}

// Frequency by rising zero crossings in the middle.
double pitch_of(const Tensor& x, double rate) {
  const float* v = x.data_ptr<float>();
  const int64_t n = x.size(1);
  int64_t first = -1, last = -1, count = 0;
  for (int64_t t = n / 4; t < n * 3 / 4; ++t) {
    if (v[t - 1] < 0 && v[t] >= 0) {
      if (first < 0) first = t;
      last = t;
      ++count;
    }
  }
  return count > 1 ? static_cast<double>(count - 1) * rate / static_cast<double>(last - first) : 0;
}

TEST(SignalViews, ResamplingIsTheCubicAtEveryPlaceEndsIncluded) {
  Rng rng(3);
  for (const int64_t length : {1, 2, 3, 4, 5, 40}) {
    std::vector<float> row(static_cast<size_t>(length));
    rng.fill_normal(row.data(), length);
    for (const double speed : {0.3, 0.97, 1.0, 1.6}) {
      std::vector<float> out(60);
      detail::resample_cubic(row.data(), length, speed, out.data(), 60);
      for (int64_t t = 0; t < 60; ++t) {
        EXPECT_NEAR(out[static_cast<size_t>(t)],
                    detail::cubic_at(row.data(), length, static_cast<double>(t) * speed), 1e-5);
      }
    }
  }
}

TEST(SignalViews, EveryOneKeepsShapeTypeInputAndIsAFunctionOfTheStream) {
  const std::map<std::string, View> waves = {{"gain", random_gain(6)},
                                             {"noise", random_white_noise(1, 5, 20)},
                                             {"shift", random_shift(0.3)},
                                             {"speed", random_speed(0.2)},
                                             {"pitch", random_pitch(1, 3, 1000)},
                                             {"room", random_room(1, 0.2, 1000)},
                                             {"keep", random_keep(1, 0.1)},
                                             {"mix", random_mix(1, 0, 10,
                                                                [](Rng&) {
                                                                  return noise({1, 77}, 5);
                                                                })},
                                             {"jitter", random_jitter(0.1)},
                                             {"scaling", random_scaling(0.1)},
                                             {"rotation", random_rotation(90)},
                                             {"magnitude_warp", random_magnitude_warp(0.3)},
                                             {"time_warp", random_time_warp(0.3)},
                                             {"permutation", random_permutation(1, 5)},
                                             {"drop", random_channel_drop(0.5)},
                                             {"crop", random_time_crop(0.5)},
                                             {"band_stop", random_band_stop(0.5)},
                                             {"reverse", random_reverse(1)}};
  const Tensor x = noise({6, 200}, 1), one = noise({3, 1}, 1);
  for (const auto& [name, view] : waves) {
    SCOPED_TRACE(name);
    const Tensor before = x.clone();
    Rng a(3), b(3), c(4);
    const Tensor y = view(x, a), z = view(x, b);
    EXPECT_TRUE(at::equal(x, before)) << "the input was changed";
    EXPECT_EQ(y.sizes(), x.sizes());
    EXPECT_EQ(y.scalar_type(), at::kFloat);
    EXPECT_TRUE(y.is_contiguous());
    EXPECT_TRUE(y.isfinite().all().item<bool>());
    EXPECT_TRUE(at::equal(y, z));
    if (name != "reverse") {
      EXPECT_FALSE(at::equal(y, view(x, c)));
    }
    EXPECT_EQ(view(one, c).sizes(), one.sizes()) << "a single frame";
    EXPECT_THROW(view(x.unsqueeze(0), c), UserError);
    const Tensor silent = at::zeros({6, 64});
    if (name != "mix") {
      EXPECT_TRUE(at::equal(view(silent, c), silent)) << "silence stays silent";
    }
  }
}

TEST(SignalViews, CropsAndPads) {
  const Tensor x = at::arange(10, at::kFloat).unsqueeze(0);
  Rng rng(0);
  EXPECT_TRUE(at::equal(crop_or_pad(4, false)(x, rng), x.narrow(1, 0, 4)));
  const Tensor padded = crop_or_pad(15, true)(x + 1, rng);
  EXPECT_EQ(padded.sum().item<float>(), 55);
  for (int i = 0; i < 20; ++i) {
    const Tensor y = crop_or_pad(4, true)(x, rng);
    EXPECT_EQ((y[0][3] - y[0][0]).item<float>(), 3);
  }
}

TEST(SignalViews, NoiseHasItsRatioAndARoomKeepsTheEnergy) {
  const Tensor x = tone(100, 1000, 20000);
  Rng rng(1);
  const Tensor added = random_white_noise(1, 10, 10)(x, rng) - x;
  EXPECT_NEAR((x.pow(2).mean() / added.pow(2).mean()).item<double>(), 10, 1e-2);
  const Tensor heard = random_room(1, 0.3, 1000)(x, rng);
  EXPECT_NEAR(heard.pow(2).mean().item<double>(), x.pow(2).mean().item<double>(), 1e-4);
}

TEST(SignalViews, SpeedChangesPitchAndLengthPitchOnlyPitchStretchingOnlyLength) {
  const Tensor x = tone(200, 8000, 8000);
  EXPECT_NEAR(pitch_of(change_speed(x, 1.25), 8000), 250, 3);
  const Tensor longer = stretch_time(x, 1.5, 320);
  EXPECT_EQ(longer.size(1), 12000);
  EXPECT_NEAR(pitch_of(longer, 8000), 200, 6);
  EXPECT_NEAR(longer.pow(2).mean().item<double>(), 0.5, 0.05) << "no holes between the frames";
  for (uint64_t seed = 0; seed < 5; ++seed) {
    Rng rng(seed), copy(seed);
    copy.chance(1);
    const double speed = std::exp2(copy.uniform(-4, 4) / 12);
    const Tensor y = random_pitch(1, 4, 8000)(x, rng);
    EXPECT_NEAR(pitch_of(y, 8000), 200 * speed, 0.03 * 200 * speed);
  }
}

TEST(SignalViews, RotationsKeepLengthsInSpaceAndTurnAllSensorsAlike) {
  const Tensor x = noise({7, 50}, 2);
  Rng rng(5);
  const Tensor y = random_rotation(180)(x, rng);
  for (const int64_t first : {0, 3}) {
    EXPECT_TRUE(at::allclose(y.narrow(0, first, 3).pow(2).sum(0),
                             x.narrow(0, first, 3).pow(2).sum(0), 1e-4, 1e-4));
  }
  EXPECT_TRUE(at::allclose((y.narrow(0, 0, 3) * y.narrow(0, 3, 3)).sum(0),
                           (x.narrow(0, 0, 3) * x.narrow(0, 3, 3)).sum(0), 1e-3, 1e-3));
  EXPECT_TRUE(at::equal(y[6], x[6])) << "what is left over stays";
}

TEST(SignalViews, PermutationsKeepEveryFrameAndWarpsKeepTheEnds) {
  const Tensor x = noise({3, 60}, 3);
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Rng rng(seed);
    const Tensor y = random_permutation(1, 5)(x, rng);
    EXPECT_TRUE(at::equal(std::get<0>(y.sort(1)), std::get<0>(x.sort(1))));
    const Tensor warped = random_time_warp(0.3)(x, rng);
    EXPECT_TRUE(at::allclose(warped.select(1, 0), x.select(1, 0)));
    EXPECT_TRUE(at::allclose(warped.select(1, 59), x.select(1, 59), 1e-3, 1e-3));
  }
  const Tensor line = at::arange(60, at::kFloat).unsqueeze(0);
  Rng rng(1);
  const Tensor warped = random_time_warp(0.3)(line, rng);
  EXPECT_TRUE((warped.narrow(1, 1, 59) >= warped.narrow(1, 0, 59)).all().item<bool>())
      << "time never runs back";
}

TEST(SignalViews, BandStopKeepsTheMeanAndDropKeepsAChannel) {
  const Tensor x = noise({3, 64}, 4) + 2;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Rng rng(seed);
    EXPECT_TRUE(at::allclose(random_band_stop(0.9)(x, rng).mean(1), x.mean(1), 1e-4, 1e-4));
    const Tensor y = random_channel_drop(1)(x, rng);
    EXPECT_EQ((y == x).all(1).sum().item<int64_t>(), 1);
    EXPECT_TRUE(at::allclose(y.mean(1), x.mean(1), 1e-4, 1e-4));
  }
}

TEST(SpectrogramViews, MasksAreBandsOfTheMeanOrTheFloor) {
  const Tensor x = noise({1, 20, 30}, 6);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (const bool floor : {false, true}) {
      for (const int64_t dimension : {1, 2}) {
        Rng rng(seed);
        const Tensor y = random_masks(dimension, 1, 0.5, floor)(x, rng);
        const Tensor changed = (y != x)[0].all(dimension == 1 ? 1 : 0);
        const Tensor partly = (y != x)[0].any(dimension == 1 ? 1 : 0);
        EXPECT_LE(partly.sum().item<int64_t>(), x.size(dimension) / 2);
        const double value = floor ? x.min().item<double>() : x.mean().item<double>();
        const Tensor there = y.index_select(dimension, changed.nonzero().flatten());
        if (there.numel() > 0) {
          EXPECT_NEAR((there - value).abs().max().item<double>(), 0, 1e-5);
        }
      }
    }
  }
}

TEST(SpectrogramViews, TheWarpKeepsBothEndsAndTheOrder) {
  const Tensor line = at::arange(40, at::kFloat).expand({1, 3, 40}).contiguous();
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    const Tensor y = random_spectrogram_warp(0.2)(line, rng);
    EXPECT_NEAR(y[0][1][0].item<float>(), 0, 1e-4);
    EXPECT_NEAR(y[0][1][39].item<float>(), 39, 1e-3);
    EXPECT_TRUE((y.narrow(2, 1, 39) > y.narrow(2, 0, 39)).all().item<bool>());
    EXPECT_LE((y - line).abs().max().item<double>(), 0.2 * 39 + 1e-3);
  }
}

TEST(SignalViews, ImpossibleSettingsAreRefused) {
  EXPECT_THROW(random_gain(-1), UserError);
  EXPECT_THROW(random_keep(0.5, 0), UserError);
  EXPECT_THROW(random_time_crop(2), UserError);
  EXPECT_THROW(random_permutation(0.5, 0), UserError);
  EXPECT_THROW(random_masks(1, 2, 1.5), UserError);
  EXPECT_THROW(crop_or_pad(0, true), UserError);
}

}  // namespace
}  // namespace likewise::signal_tests
