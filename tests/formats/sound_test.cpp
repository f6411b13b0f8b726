// Sounds of every format and depth, and broken ones.
#include "likewise/formats/sound.hpp"

#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "likewise/base/file.hpp"
#include "support/hostile.hpp"
#include "support/leaks.hpp"

namespace likewise::sound_tests {
namespace {

Sound tone(int64_t rate, int64_t frames, int64_t channels, double hz = 440) {
  Sound sound{rate, channels, std::vector<float>(static_cast<size_t>(frames * channels))};
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t t = 0; t < frames; ++t) {
      sound.samples[static_cast<size_t>(c * frames + t)] = static_cast<float>(
          0.5 / static_cast<double>(c + 1) *
          std::sin(2 * M_PI * hz * static_cast<double>(t) / static_cast<double>(rate)));
    }
  }
  return sound;
}

// Written by libsndfile itself, so that reading is not checked by our own writer alone.
std::vector<uint8_t> encoded(const Sound& sound, int format) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "sound";
  SF_INFO info{};
  info.samplerate = static_cast<int>(sound.rate);
  info.channels = static_cast<int>(sound.channels);
  info.format = format;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  EXPECT_NE(file, nullptr) << sf_strerror(nullptr);
  std::vector<float> mixed(sound.samples.size());
  const auto frames = static_cast<size_t>(sound.frames()),
             channels = static_cast<size_t>(sound.channels);
  for (size_t t = 0; t < frames; ++t) {
    for (size_t c = 0; c < channels; ++c) mixed[t * channels + c] = sound.samples[c * frames + t];
  }
  sf_writef_float(file, mixed.data(), sound.frames());
  sf_close(file);
  return read_bytes(path);
}

double largest_difference(const Sound& a, const Sound& b) {
  double most = 0;
  EXPECT_EQ(a.samples.size(), b.samples.size());
  for (size_t i = 0; i < std::min(a.samples.size(), b.samples.size()); ++i) {
    most = std::max<double>(most, std::abs(a.samples[i] - b.samples[i]));
  }
  return most;
}

TEST(Sound, LosslessFormatsOfEveryDepthComeBack) {
  const struct {
    int format;
    double tolerance;
  } kinds[] = {{SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 1.0 / 64},
               {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1.0 / 16000},
               {SF_FORMAT_WAV | SF_FORMAT_PCM_24, 1e-6},
               {SF_FORMAT_WAV | SF_FORMAT_PCM_32, 1e-7},
               {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 0},
               {SF_FORMAT_WAV | SF_FORMAT_DOUBLE, 0},
               {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1.0 / 16000},
               {SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 1e-6},
               {SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 1.0 / 16000}};
  for (const auto& kind : kinds) {
    SCOPED_TRACE(kind.format);
    const Sound sound = tone(11025, 1234, 2), read = decode_sound(encoded(sound, kind.format), "a");
    EXPECT_EQ(read.rate, 11025);
    EXPECT_EQ(read.channels, 2);
    EXPECT_LE(largest_difference(sound, read), kind.tolerance);
  }
}

TEST(Sound, VorbisAndMp3SoundTheSame) {
  for (const int format :
       {SF_FORMAT_OGG | SF_FORMAT_VORBIS, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}) {
    SCOPED_TRACE(format);
    const Sound sound = tone(16000, 16000, 1);
    const Sound read = decode_sound(encoded(sound, format), "a");
    EXPECT_EQ(read.rate, 16000);
    EXPECT_NEAR(static_cast<double>(read.frames()), 16000, 2500);
    double energy = 0;
    for (int64_t t = 4000; t < 12000; ++t)
      energy += std::pow(read.samples[static_cast<size_t>(t)], 2) / 8000;
    EXPECT_NEAR(energy, 0.125, 0.01);
  }
}

TEST(Sound, OurWavIsReadBack) {
  const Sound sound = tone(8000, 77, 3);
  EXPECT_LE(largest_difference(sound, decode_sound(encode_wav(sound), "a")), 1.0 / 16000);
  EXPECT_EQ(largest_difference(sound, decode_sound(encode_wav(sound, true), "a")), 0);
}

TEST(Sound, ResamplingKeepsAToneBelowBothRates) {
  for (const int64_t rate : {4000, 11025, 16000, 44100}) {
    const Sound made = resample_sound(tone(8000, 8000, 2), rate);
    EXPECT_EQ(made.rate, rate);
    EXPECT_EQ(made.frames(), rate);
    EXPECT_EQ(made.channels, 2);
    const Sound expected = tone(rate, rate, 2);
    double most = 0;  // away from the ends, where the filter reaches over the edge
    for (int64_t t = rate / 10; t < rate * 9 / 10; ++t) {
      const auto at = static_cast<size_t>(t);
      most = std::max<double>(most, std::abs(made.samples[at] - expected.samples[at]));
    }
    EXPECT_LT(most, 5e-3) << rate;
  }
}

TEST(Sound, ResamplingTakesAwayWhatTheLowerRateCannotHold) {
  const Sound made = resample_sound(tone(16000, 16000, 1, 6000), 8000);
  double energy = 0;
  for (int64_t t = 800; t < 7200; ++t)
    energy += std::pow(made.samples[static_cast<size_t>(t)], 2) / 6400;
  EXPECT_LT(energy, 1e-6);
}

std::string message(const std::vector<uint8_t>& bytes) {
  try {
    decode_sound(bytes, "x.wav");
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Sound, MistakesAreNamed) {
  const auto has = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  has(message({}), "empty");
  has(message({'n', 'o', 's', 'o', 'u', 'n', 'd', '!'}), "no sound");
  has(message(encode_wav({8000, 1, {}})), "no samples");
  Sound broken = tone(8000, 100, 1);
  broken.samples[42] = std::numeric_limits<float>::quiet_NaN();
  has(message(encode_wav(broken, true)), "frame 42");
  auto cut = encode_wav(tone(8000, 100, 1));
  cut.resize(cut.size() - 50);
  has(message(cut), "150 of 200 bytes");
  auto flac = encoded(tone(8000, 20000, 1), SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
  flac.resize(flac.size() / 2);
  has(message(flac), "of 20000 frames");
}

TEST(Sound, DamageIsRefusedOrSurvived) {
  const ByteReader reader = [](std::span<const uint8_t> bytes) {
    decode_sound(bytes, "x", 1 << 22);
  };
  const auto wav = encode_wav(tone(8000, 60, 1));
  expect_truncations_refused(reader, wav, "WAV");
  expect_bit_flips_survived(reader, wav, "WAV");
  const auto flac = encoded(tone(8000, 600, 1), SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
  expect_bit_flips_survived(reader, flac, "FLAC", 100);
  const auto ogg = encoded(tone(8000, 600, 1), SF_FORMAT_OGG | SF_FORMAT_VORBIS);
  expect_bit_flips_survived(reader, ogg, "OGG", 50);
}

}  // namespace
}  // namespace likewise::sound_tests
