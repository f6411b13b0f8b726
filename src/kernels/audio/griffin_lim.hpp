#pragma once
// Sound from spectrograms: magnitudes from mel bands, a wave from magnitudes. Torch-free.

#include <cstdint>
#include <vector>

#include "kernels/audio/spectrogram.hpp"
#include "likewise/base/random.hpp"

namespace likewise::kernels {

// The least non-negative p with filters p near `mel` [count, frames] -> p [bins, frames], by
// `steps` multiplicative updates of every frame
//   p <- p (F^T m) / (F^T F p)
// from p = 1, so that one step is the transposed filter bank, normalised. |F p - m| never grows.
// Bins that no filter looks at become 0. Source: Lee and Seung, "Algorithms for non-negative matrix
// factorization", NIPS 2000 (for one factor).
std::vector<float> mel_to_spectrum(const MelFilters& filters, const float* mel, int64_t frames,
                                   int64_t steps = 60);

struct GriffinLim {
  int64_t iterations = 32;
  double momentum = 0.99;  // 0: the original algorithm, whose error never grows
};

// A wave [length] whose spectra have the given magnitudes [bins, frames]. With C(c) = STFT(inverse
// STFT(c)) and A(c) = m c / |c|, from c_0 = A(random phases), or A(STFT(start)):
//   t_n = C(A(c_{n-1})),  c_n = t_n + momentum (t_n - t_{n-1})
// Source: Perraudin, Balazs, Sondergaard, "A fast Griffin-Lim algorithm", WASPAA 2013. `errors`,
// if given, gets the spectral convergence | |t| - m | / |m| (Frobenius) before each iteration and
// after the last.
std::vector<float> griffin_lim(const Stft& stft, const float* magnitudes, int64_t length,
                               const GriffinLim& options, Rng& rng, const float* start = nullptr,
                               std::vector<double>* errors = nullptr);

}  // namespace likewise::kernels
