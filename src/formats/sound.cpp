#include "likewise/formats/sound.hpp"

#include <samplerate.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

namespace {

// A file in memory, as libsndfile wants to read it.
struct Memory {
  std::span<const uint8_t> bytes;
  sf_count_t at = 0;
};

sf_count_t length_of(void* user) {
  return static_cast<sf_count_t>(static_cast<Memory*>(user)->bytes.size());
}
sf_count_t seek_in(sf_count_t offset, int whence, void* user) {
  auto& memory = *static_cast<Memory*>(user);
  const auto size = static_cast<sf_count_t>(memory.bytes.size());
  const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? memory.at : size;
  memory.at = std::clamp<sf_count_t>(base + offset, 0, size);
  return memory.at;
}
sf_count_t read_from(void* to, sf_count_t count, void* user) {
  auto& memory = *static_cast<Memory*>(user);
  const sf_count_t left = static_cast<sf_count_t>(memory.bytes.size()) - memory.at;
  count = std::clamp<sf_count_t>(count, 0, left);
  if (count > 0) std::memcpy(to, memory.bytes.data() + memory.at, static_cast<size_t>(count));
  memory.at += count;
  return count;
}
sf_count_t write_nothing(const void*, sf_count_t, void*) { return 0; }
sf_count_t tell_of(void* user) { return static_cast<Memory*>(user)->at; }

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using SoundFile = std::unique_ptr<SNDFILE, Close>;

uint32_t little_u32(const uint8_t* at) {
  return static_cast<uint32_t>(at[0]) | static_cast<uint32_t>(at[1]) << 8 |
         static_cast<uint32_t>(at[2]) << 16 | static_cast<uint32_t>(at[3]) << 24;
}

// libsndfile takes what is left of a cut WAV for the whole. Writers to pipes do not know the length
// and leave 0 or a huge one.
void check_wav_is_whole(std::span<const uint8_t> bytes, const std::string& name) {
  constexpr size_t kHeader = 12, kChunk = 8;
  constexpr uint32_t kUnknown = 0x7fff0000;
  if (bytes.size() < kHeader || std::memcmp(bytes.data(), "RIFF", 4) != 0) return;
  for (size_t at = kHeader; at + kChunk <= bytes.size();) {
    const uint32_t size = little_u32(bytes.data() + at + 4);
    const size_t left = bytes.size() - at - kChunk;
    if (std::memcmp(bytes.data() + at, "data", 4) == 0) {
      if (size > left && size < kUnknown) {
        throw DataError("{}: the file ends after {} of {} bytes of sound", name, left, size);
      }
      return;
    }
    if (size > left) return;
    at += kChunk + size + (size & 1);
  }
}

void check_header(const SF_INFO& info, const std::string& name) {
  constexpr int kMostChannels = 256, kMostRate = 1 << 22;
  if (info.channels < 1 || info.channels > kMostChannels || info.samplerate < 1 ||
      info.samplerate > kMostRate) {
    throw DataError("{}: the header says {} channels and {} Hz; accepted are 1 to {} and up to {}",
                    name, info.channels, info.samplerate, kMostChannels, kMostRate);
  }
}

// Frames of interleaved channels to channels one after the other; `first` is the number of the
// first frame, for messages.
Sound planar(const std::vector<float>& mixed, int64_t rate, int64_t channels,
             const std::string& name, size_t first = 0) {
  const auto count = static_cast<size_t>(channels);
  const size_t frames = mixed.size() / count;
  if (frames == 0) throw DataError("{}: the recording has no samples", name);
  Sound sound{rate, channels, std::vector<float>(mixed.size())};
  for (size_t t = 0; t < frames; ++t) {
    for (size_t c = 0; c < count; ++c) {
      const float value = mixed[t * count + c];
      if (!std::isfinite(value)) {
        throw DataError("{}: frame {} of channel {} is {}, not a number", name, first + t, c,
                        value);
      }
      sound.samples[c * frames + t] = value;
    }
  }
  return sound;
}

SoundFile open_file(const std::filesystem::path& path, SF_INFO& info) {
  SoundFile file(sf_open(path.c_str(), SFM_READ, &info));
  if (!file) {
    throw DataError("{}: this is no sound that can be read ({})", path.string(),
                    trim(sf_strerror(nullptr)));
  }
  check_header(info, path.string());
  return file;
}

}  // namespace

bool has_sound_extension(const std::filesystem::path& path) {
  const std::string extension = lower(path.extension().string());
  for (const char* known : {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff"}) {
    if (extension == known) return true;
  }
  return false;
}

Sound decode_sound(std::span<const uint8_t> bytes, const std::string& name, int64_t max_samples) {
  if (bytes.empty()) throw DataError("{}: the sound file is empty", name);
  check_wav_is_whole(bytes, name);
  Memory memory{bytes};
  SF_VIRTUAL_IO io{length_of, seek_in, read_from, write_nothing, tell_of};
  SF_INFO info{};
  const SoundFile file(sf_open_virtual(&io, SFM_READ, &info, &memory));
  if (!file) {
    throw DataError(
        "{}: this is no sound that can be read ({}); accepted are WAV, FLAC, OGG, MP3 "
        "and AIFF",
        name, trim(sf_strerror(nullptr)));
  }
  check_header(info, name);
  constexpr sf_count_t kBlock = 1 << 14;
  const auto channels = static_cast<size_t>(info.channels);
  std::vector<float> mixed, block(static_cast<size_t>(kBlock) * channels);
  for (;;) {
    const sf_count_t got = sf_readf_float(file.get(), block.data(), kBlock);
    if (got <= 0) break;
    mixed.insert(mixed.end(), block.begin(),
                 block.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(got) * channels));
    if (static_cast<int64_t>(mixed.size()) > max_samples) {
      throw DataError("{}: more than {} values; cut it into shorter recordings", name, max_samples);
    }
  }
  const size_t frames = mixed.size() / channels;
  // Headers without a length (a stream) say 0 or the largest number.
  const bool known = info.frames > 0 && info.frames < (sf_count_t{1} << 40);
  if (known && static_cast<sf_count_t>(frames) < info.frames) {
    throw DataError("{}: the sound ends after {} of {} frames", name, frames, info.frames);
  }
  if (sf_error(file.get()) != SF_ERR_NO_ERROR) {
    throw DataError("{}: after {} frames: {}", name, frames, trim(sf_strerror(file.get())));
  }
  return planar(mixed, info.samplerate, info.channels, name);
}

Sound read_sound(const std::filesystem::path& path) {
  return decode_sound(read_bytes(path), path.string());
}

Sound read_sound_part(const std::filesystem::path& path, int64_t first, int64_t count) {
  LIKEWISE_CHECK(first >= 0 && count >= 1, "frames {} to {}", first, first + count);
  SF_INFO info{};
  const SoundFile file = open_file(path, info);
  if (first > 0 && sf_seek(file.get(), first, SEEK_SET) != first) {
    throw DataError("{}: there is no frame {}", path.string(), first);
  }
  std::vector<float> mixed(static_cast<size_t>(count * info.channels));
  const sf_count_t got = sf_readf_float(file.get(), mixed.data(), count);
  mixed.resize(static_cast<size_t>(std::max<sf_count_t>(0, got) * info.channels));
  return planar(mixed, info.samplerate, info.channels, path.string(), static_cast<size_t>(first));
}

SoundInfo read_sound_info(const std::filesystem::path& path) {
  SF_INFO info{};
  const SoundFile file = open_file(path, info);
  return {info.samplerate, info.channels, info.frames};
}

Sound resample_sound(const Sound& sound, int64_t rate) {
  LIKEWISE_CHECK(rate > 0 && sound.rate > 0 && sound.channels > 0, "rates {} and {}", sound.rate,
                 rate);
  if (rate == sound.rate) return sound;
  const double ratio = static_cast<double>(rate) / static_cast<double>(sound.rate);
  const int64_t frames = sound.frames();
  const int64_t wanted = std::max<int64_t>(1, std::llround(static_cast<double>(frames) * ratio));
  if (src_is_valid_ratio(ratio) == 0) {
    throw UserError("a sound of {} Hz cannot be resampled to {} Hz: more than 256 times apart",
                    sound.rate, rate);
  }
  Sound out{rate, sound.channels, std::vector<float>(static_cast<size_t>(wanted * sound.channels))};
  constexpr int64_t kSpare = 16;  // the library may give a frame more or less
  std::vector<float> made(static_cast<size_t>(wanted + kSpare));
  for (int64_t c = 0; c < sound.channels; ++c) {
    SRC_DATA work{};
    work.data_in = sound.samples.data() + c * frames;
    work.input_frames = static_cast<long>(frames);
    work.data_out = made.data();
    work.output_frames = static_cast<long>(made.size());
    work.src_ratio = ratio;
    const int failed = src_simple(&work, SRC_SINC_MEDIUM_QUALITY, 1);
    LIKEWISE_CHECK(failed == 0, "{}", src_strerror(failed));
    std::fill(made.begin() + work.output_frames_gen, made.end(), 0.0F);
    std::copy_n(made.begin(), wanted, out.samples.begin() + c * wanted);
  }
  return out;
}

std::vector<uint8_t> encode_wav(const Sound& sound, bool as_float) {
  const int64_t width = as_float ? 4 : 2, frames = sound.frames();
  const auto size = static_cast<uint32_t>(frames * sound.channels * width);
  std::vector<uint8_t> out;
  const auto text = [&](const char* four) { out.insert(out.end(), four, four + 4); };
  const auto number = [&](uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> 8 * i));
  };
  text("RIFF"), number(36 + size, 4), text("WAVE"), text("fmt "), number(16, 4);
  number(as_float ? 3 : 1, 2);
  number(static_cast<uint64_t>(sound.channels), 2), number(static_cast<uint64_t>(sound.rate), 4);
  number(static_cast<uint64_t>(sound.rate * sound.channels * width), 4);
  number(static_cast<uint64_t>(sound.channels * width), 2),
      number(static_cast<uint64_t>(8 * width), 2);
  text("data"), number(size, 4);
  for (int64_t t = 0; t < frames; ++t) {
    for (int64_t c = 0; c < sound.channels; ++c) {
      const float value = sound.samples[static_cast<size_t>(c * frames + t)];
      if (as_float) {
        uint32_t bits = 0;
        std::memcpy(&bits, &value, 4);
        number(bits, 4);
      } else {
        const long level = std::lround(std::clamp(value, -1.0F, 1.0F) * 32767.0F);
        number(static_cast<uint64_t>(static_cast<uint16_t>(level)), 2);
      }
    }
  }
  return out;
}

}  // namespace likewise
