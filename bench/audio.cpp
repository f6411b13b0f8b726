// Log-mel spectrograms a second of one thread: from files (read, decode, resample, transform), and
// from waves in memory; the Fourier transform by itself. The peer is bench/peers/audio.py.
#include <benchmark/benchmark.h>

#include <cmath>
#include <filesystem>

#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/data/open.hpp"
#include "likewise/formats/sound.hpp"
#include "likewise/views/spectrum.hpp"
#include "support.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

// 32 recordings of a second at 16 kHz in a temporary folder.
fs::path recordings() {
  const fs::path folder = fs::temp_directory_path() / "likewise-bench-audio";
  for (uint64_t i = 0; i < 32; ++i) {
    Rng rng(i);
    Sound sound{16000, 1, std::vector<float>(16000)};
    const double hz = rng.uniform(100, 2000);
    for (size_t t = 0; t < sound.samples.size(); ++t) {
      sound.samples[t] = static_cast<float>(0.3 * std::sin(hz * static_cast<double>(t) / 2546) +
                                            0.05 * rng.normal());
    }
    write_file(folder / (std::to_string(i) + ".wav"), encode_wav(sound));
  }
  return folder;
}

// librosa's settings with 64 bands and a hop of 160; `rate` other than 16,000 resamples.
void log_mel(benchmark::State& state, bool from_files, double rate) {
  OpenOptions options;
  options.rate = rate;
  const DatasetPtr data = open_dataset(recordings().string(), options);
  SpectrumOptions o;
  o.recipe = "librosa";
  o.n_fft = 1024, o.hop = 160, o.mels = 64;
  const View view = to_spectrogram(resolve(o, rate, static_cast<int64_t>(rate), 64), rate);
  std::vector<Tensor> waves;
  for (int64_t i = 0; i < data->size(); ++i) waves.push_back(data->get(i).parts[0]);
  int64_t i = 0;
  Rng unused(0);
  for (auto _ : state) {
    const int64_t at = i++ % data->size();
    benchmark::DoNotOptimize(
        view(from_files ? data->get(at).parts[0] : waves[static_cast<size_t>(at)], unused));
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(log_mel, files_16k, true, 16000);
BENCHMARK_CAPTURE(log_mel, files_resampled_8k, true, 8000);
BENCHMARK_CAPTURE(log_mel, waves_16k, false, 16000);

}  // namespace
}  // namespace likewise

LIKEWISE_BENCH_MAIN()
