#pragma once
// Sound files to plain buffers. Torch-free; libsndfile decodes, libsamplerate resamples.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace likewise {

// Channels one after the other: sample t of channel c is samples[c * frames() + t], usually in
// [-1, 1].
struct Sound {
  int64_t rate = 0;  // frames a second
  int64_t channels = 0;
  std::vector<float> samples;
  int64_t frames() const {
    return channels > 0 ? static_cast<int64_t>(samples.size()) / channels : 0;
  }
};

// What a header says.
struct SoundInfo {
  int64_t rate = 0, channels = 0, frames = 0;
};

// True for names ending in .wav .flac .ogg .oga .opus .mp3 .aif .aiff in any case.
bool has_sound_extension(const std::filesystem::path& path);

// Decodes WAV (8 to 32 bits, float), FLAC, OGG (Vorbis, Opus), MP3 and AIFF. `name` is only used in
// messages. Throws DataError: not such a file, no samples, fewer than the header says, a value that
// is no number, or more than `max_samples` values (a guard against bombs).
Sound decode_sound(std::span<const uint8_t> bytes, const std::string& name,
                   int64_t max_samples = int64_t{1} << 28);
Sound read_sound(const std::filesystem::path& path);

// Frames [first, first + count) of a file, fewer where it ends; a file is not read before them
// where its format allows. Throws DataError: no such file, none of these frames, a value that is no
// number.
Sound read_sound_part(const std::filesystem::path& path, int64_t first, int64_t count);

// The header only. Throws DataError.
SoundInfo read_sound_info(const std::filesystem::path& path);

// The same sound at another rate, round(frames * rate / sound.rate) frames long (at least one):
// windowed sinc, band-limited to the lower of both rates.
Sound resample_sound(const Sound& sound, int64_t rate);

// WAV of 16-bit PCM; values beyond +-1 are clipped. Or of 32-bit floats, as they are.
std::vector<uint8_t> encode_wav(const Sound& sound, bool as_float = false);

}  // namespace likewise
