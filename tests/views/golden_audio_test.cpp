// Spectrograms, mel filters and SpecAugment against librosa and plain numpy.
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "kernels/audio/spectrogram.hpp"
#include "likewise/views/spectrogram_views.hpp"
#include "likewise/views/spectrum.hpp"
#include "support/golden.hpp"

namespace likewise::golden_audio_tests {
namespace {

using kernels::MelScale;

// As librosa was called for a case.
struct Call {
  int64_t n_fft, hop, mels;
  bool htk, slaney_norm, centred;
  double power, low, high;
};

Call call_of(const nlohmann::json& entry) {
  const auto& a = entry.at("source").at("arguments");
  return {a.at("n_fft"),  a.at("hop_length"), a.at("n_mels"), a.at("htk"), !a.at("norm").is_null(),
          a.at("center"), a.at("power"),      a.at("fmin"),   a.at("fmax")};
}

void expect_near(const std::vector<double>& got, const std::vector<double>& expected,
                 double relative, double of_largest, const char* what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  double largest = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], relative * std::abs(expected[i]) + of_largest * largest)
        << what << " " << i;
  }
}

TEST(GoldenAudio, MelSpectrogramsAreLibrosas) {
  const Golden golden("audio");
  int found = 0;
  for (const std::string& name : golden.entries()) {
    if (name.rfind("log_mel_", 0) != 0) continue;
    SCOPED_TRACE(name);
    const Call call = call_of(golden.entry(name));
    const auto filters =
        kernels::mel_filters(8000, call.n_fft, call.mels, call.low, call.high,
                             call.htk ? MelScale::htk : MelScale::slaney, call.slaney_norm);
    expect_near(filters.dense(), golden.values(name, "filters"), 1e-5, 1e-6, "filters");
    const kernels::Spectrogram maker(
        {.n_fft = call.n_fft, .hop = call.hop, .centred = call.centred, .power = call.power},
        filters);
    const auto wave64 = golden.values(name, "wave");
    const std::vector<float> wave(wave64.begin(), wave64.end());
    const auto length = static_cast<int64_t>(wave.size());
    std::vector<float> mel(static_cast<size_t>(maker.rows() * maker.frames(length)));
    maker(wave.data(), length, mel.data());
    expect_near({mel.begin(), mel.end()}, golden.values(name, "mel"), 1e-4, 1e-6, "mel");
    ++found;
  }
  EXPECT_EQ(found, 6);
}

TEST(GoldenAudio, TheViewGivesTheSameLogarithms) {
  const Golden golden("audio");
  for (const std::string name : {"log_mel_slaney_512", "log_mel_htk_1024"}) {
    SCOPED_TRACE(name);
    const Call call = call_of(golden.entry(name));
    SpectrumOptions o;
    o.recipe = "librosa";
    o.n_fft = call.n_fft, o.hop = call.hop, o.mels = call.mels, o.fmin = call.low,
    o.fmax = call.high;
    o.scale = call.htk ? "htk" : "slaney";
    o.norm = call.slaney_norm ? "slaney" : "none";
    const auto wave = golden.values(name, "wave");
    const auto length = static_cast<int64_t>(wave.size());
    Tensor x = at::empty({1, length}, at::kFloat);
    std::copy(wave.begin(), wave.end(), x.data_ptr<float>());
    Rng unused(0);
    const auto made = [&](const char* log, double top_db) {
      o.log = log;
      o.top_db = top_db;
      const Tensor y = to_spectrogram(resolve(o, 8000, length, 64), 8000)(x, unused).contiguous();
      const float* values = y.data_ptr<float>();
      return std::vector<double>(values, values + y.numel());
    };
    const auto db = golden.values(name, "db");
    const auto got = made("db", 0);
    ASSERT_EQ(got.size(), db.size());
    for (size_t i = 0; i < db.size(); ++i) ASSERT_NEAR(got[i], db[i], 1e-2) << i;
    const auto log = golden.values(name, "log"), ln = made("ln", 0);
    for (size_t i = 0; i < log.size(); ++i)
      ASSERT_NEAR(ln[i], log[i], 1e-4 * (1 + std::abs(log[i]))) << i;
    // The golden cut refers to the maximum, ours keeps the absolute level.
    const auto top = golden.values(name, "db_top80_ref_max"), cut = made("db", 80);
    const double most = *std::max_element(db.begin(), db.end());
    for (size_t i = 0; i < top.size(); ++i) ASSERT_NEAR(cut[i], top[i] + most, 1e-2) << i;
  }
}

TEST(GoldenAudio, SpecAugmentMasks) {
  const Golden golden("audio");
  for (const std::string name : {"spec_augment_zero", "spec_augment_mean"}) {
    const auto values = golden.values(name, "spectrogram"), expected = golden.values(name, "out");
    const auto& shape = golden.shape(name, "out");
    Tensor x = at::empty({1, shape[0], shape[1]}, at::kFloat);
    std::copy(values.begin(), values.end(), x.data_ptr<float>());
    double mean = 0;
    for (const double v : values) mean += v / static_cast<double>(values.size());
    const auto fill = static_cast<float>(name == "spec_augment_mean" ? mean : 0);
    const auto& options = golden.entry(name).at("options");
    for (const auto& mask : options.at("frequency_masks")) mask_band(x, 1, mask[0], mask[1], fill);
    for (const auto& mask : options.at("time_masks")) mask_band(x, 2, mask[0], mask[1], fill);
    for (size_t i = 0; i < expected.size(); ++i)
      ASSERT_NEAR(x.data_ptr<float>()[i], expected[i], 1e-4) << i;
  }
}

}  // namespace
}  // namespace likewise::golden_audio_tests
