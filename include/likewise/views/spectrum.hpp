#pragma once
// Waves to spectrograms, with everything that others make different as an option.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/views/view.hpp"

namespace likewise {

// 0, NaN and "auto" are decided by the recipe, the rate and the length, see resolve.
struct SpectrumOptions {
  std::string recipe = "auto";
  int64_t n_fft = 0, hop = 0, window = 0, mels = 0;
  double fmin = std::numeric_limits<double>::quiet_NaN();
  double fmax = std::numeric_limits<double>::quiet_NaN();
  std::string scale = "auto", norm = "auto", padding = "auto", log = "auto";
  double power = 0;
  double top_db = std::numeric_limits<double>::quiet_NaN();

  template <class V>
  void fields(V& v) {
    v("recipe", recipe,
      "whose settings: likewise, librosa's, torchaudio's or the viewmaker paper's",
      choices({"auto", "likewise", "librosa", "torchaudio", "viewmaker"}));
    v("n_fft", n_fft, "frames of a Fourier transform; 0: the recipe's", range(0, 65536));
    v("hop", hop, "frames between transforms; 0: the recipe's", range(0, 1e6));
    v("window", window, "frames of the Hann window; 0: n_fft", range(0, 65536));
    v("mels", mels, "mel bands; 0: the recipe's", range(0, 4096));
    v("fmin", fmin, "lowest frequency of the bands in Hz", range(0, 2e6));
    v("fmax", fmax, "highest frequency of the bands in Hz; unset: half the rate", range(0, 2e6));
    v("scale", scale, "of the bands", choices({"auto", "slaney", "htk"}));
    v("norm", norm, "slaney divides a band by half its width in Hz",
      choices({"auto", "slaney", "none"}));
    v("padding", padding, "what lies before the begin and behind the end",
      choices({"auto", "zero", "reflect"}));
    v("log", log,
      "db: 10 log10(max(x, 1e-10)); db_squared: the same of x^2, as the viewmaker paper's "
      "code; ln: ln(x + 1e-6)",
      choices({"auto", "db", "db_squared", "ln", "none"}));
    v("power", power, "of the magnitude: 2 energy, 1 magnitude; 0: the recipe's", range(0, 4));
    v("top_db", top_db, "decibels below the loudest that are cut off; 0: none", range(0, 300));
  }
};

// Everything decided for waves of `length` frames at `rate`. `size` is how many rows and frames are
// wanted of a picture where the recipe has no numbers of its own. Throws UserError for settings
// that cannot be.
//
//               n_fft            hop               mels   scale   norm    padding  log         top
//   likewise    >= 40 ms, 2^k    length/size + 1   size   slaney  slaney  zero     db          80
//   librosa     2048             512               128    slaney  slaney  zero     db          80
//   torchaudio  400              200               128    htk     none    reflect  db          none
//   viewmaker   2048             length/size + 1   size   slaney  slaney  zero     db_squared  80
SpectrumOptions resolve(const SpectrumOptions& asked, double rate, int64_t length, int64_t size);

// [C, T] -> float [C, rows, frames]; rows are mel bands, or with `linear` all n_fft / 2 + 1
// frequencies. Low frequencies first. Every channel by itself.
View to_spectrogram(const SpectrumOptions& resolved, double rate, bool linear = false);

// How sounds are made of spectrograms.
struct SoundOptions {
  int64_t iterations = 32;
  double momentum = 0.99;
  double seconds = 2;
  template <class V>
  void fields(V& v) {
    v("seconds", seconds, "longest sound on a page; what comes later is left out", range(0.01, 60));
    v("iterations", iterations, "of Griffin-Lim, which finds the phases of a spectrogram's sound",
      range(0, 10000));
    v("momentum", momentum, "of its fast form; 0: the original one", range(0, 1.2));
  }
};

// The way back, as far as there is one: [C, rows, frames] -> [C, length], of powers of magnitudes
// (out_of_log). Mel bands become frequencies by non-negative least squares; frames that are more
// than a quarter of n_fft apart are filled in between, linearly; Griffin-Lim finds phases,
// beginning at random ones.
View from_spectrogram(const SpectrumOptions& resolved, double rate, int64_t length,
                      bool linear = false, const SoundOptions& options = {});

// The powers of magnitudes that a spectrogram shows: the inverse of `log`. float of any shape.
Tensor out_of_log(const Tensor& x, const std::string& log);

// {rows, frames} of it for waves of `length` frames.
std::vector<int64_t> spectrogram_shape(const SpectrumOptions& resolved, int64_t length,
                                       bool linear = false);

}  // namespace likewise
