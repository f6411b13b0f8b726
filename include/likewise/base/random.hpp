#pragma once
// Counter-based random numbers: a stream is a pure function of its keys, so the number of threads,
// workers or machines never changes a result.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace likewise {

// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
// Maps a 128-bit counter and a 64-bit key to four independent 32-bit words.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// A stream of random numbers keyed by (seed, keys...), usually (seed, epoch, sample, view).
// Equal keys give equal streams on every platform; the distributions are our own for that reason.
//
//   Rng rng(seed, {epoch, sample, view});
//   double scale = rng.uniform(0.08, 1.0);
class Rng {
 public:
  explicit Rng(uint64_t seed, std::initializer_list<uint64_t> keys = {});

  // A child stream, independent of this one and of how many numbers were drawn from it.
  Rng fork(std::initializer_list<uint64_t> keys) const;

  // Where a stream is: word n of it is word n mod 4 of philox4x32({n / 4, 0, 0}, key), so that others
  // (a GPU) can make the same numbers.
  struct Place {
    std::array<uint32_t, 2> key{};
    uint64_t word = 0;  // 32-bit words drawn
  };
  Place place() const;
  static Rng from(const Place& place);
  void skip(uint64_t words);

  uint32_t next_u32();
  uint64_t next_u64();
  double uniform();                          // [0, 1)
  double uniform(double low, double high);   // [low, high)
  int64_t below(int64_t n);                  // {0, ..., n - 1}, without modulo bias; n >= 1
  bool chance(double probability);           // true with the given probability; always draws
  double normal();                           // mean 0, variance 1 (Box-Muller)
  std::vector<int64_t> permutation(int64_t n);          // Fisher-Yates
  std::vector<int64_t> choose(int64_t n, int64_t k);    // k distinct of n, in random order

  // Fills with uniform [0, 1) or standard normal floats.
  void fill_uniform(float* out, int64_t n);
  void fill_normal(float* out, int64_t n);

 private:
  std::array<uint32_t, 2> key_;
  uint64_t position_ = 0;              // blocks drawn
  std::array<uint32_t, 4> block_{};
  int used_ = 4;                       // words of block_ handed out
};

// SplitMix64 finaliser: a well-mixing bijection of 64-bit words.
uint64_t mix64(uint64_t x);

}  // namespace likewise
