#include "likewise/base/random.hpp"

#include <cmath>
#include <numbers>
#include <numeric>

#include "base/philox.hpp"
#include "likewise/base/error.hpp"

namespace likewise {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  uint32_t words[4] = {counter[0], counter[1], counter[2], counter[3]};
  detail::philox(words, key[0], key[1]);
  return {words[0], words[1], words[2], words[3]};
}

uint64_t mix64(uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

namespace {
std::array<uint32_t, 2> derive_key(uint64_t start, std::initializer_list<uint64_t> keys) {
  uint64_t h = start;
  for (uint64_t k : keys) h = mix64(h ^ mix64(k + 0x632BE59BD9B4E019ULL));
  return {static_cast<uint32_t>(h), static_cast<uint32_t>(h >> 32)};
}
}  // namespace

Rng::Rng(uint64_t seed, std::initializer_list<uint64_t> keys)
    : key_(derive_key(mix64(seed), keys)) {}

Rng Rng::fork(std::initializer_list<uint64_t> keys) const {
  Rng child(0);
  child.key_ = derive_key(mix64((uint64_t{key_[1]} << 32) | key_[0]), keys);
  return child;
}

uint32_t Rng::next_u32() {
  if (used_ == 4) {
    block_ = philox4x32(
        {static_cast<uint32_t>(position_), static_cast<uint32_t>(position_ >> 32), 0, 0}, key_);
    ++position_;
    used_ = 0;
  }
  return block_[used_++];
}

Rng::Place Rng::place() const { return {key_, 4 * position_ + static_cast<uint64_t>(used_) - 4}; }

Rng Rng::from(const Place& place) {
  Rng rng(0);
  rng.key_ = place.key;
  rng.position_ = place.word / 4;
  for (uint64_t word = 0; word < place.word % 4; ++word) rng.next_u32();
  return rng;
}

void Rng::skip(uint64_t words) {
  Place there = place();
  there.word += words;
  *this = from(there);
}

uint64_t Rng::next_u64() {
  const uint64_t low = next_u32();
  return low | (uint64_t{next_u32()} << 32);
}

double Rng::uniform() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }

double Rng::uniform(double low, double high) { return low + (high - low) * uniform(); }

int64_t Rng::below(int64_t n) {
  LIKEWISE_CHECK(n >= 1, "n is {}", n);
  const uint64_t range = static_cast<uint64_t>(n);
  const uint64_t reject_below = (0 - range) % range;  // 2^64 mod n
  for (;;) {
    const uint64_t draw = next_u64();
    if (draw >= reject_below) return static_cast<int64_t>(draw % range);
  }
}

bool Rng::chance(double probability) { return uniform() < probability; }

double Rng::normal() {
  const double u = 1.0 - uniform();  // (0, 1]: the logarithm stays finite
  const double v = uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

std::vector<int64_t> Rng::permutation(int64_t n) { return choose(n, n); }

std::vector<int64_t> Rng::choose(int64_t n, int64_t k) {
  LIKEWISE_CHECK(0 <= k && k <= n, "k is {}, n is {}", k, n);
  std::vector<int64_t> items(static_cast<size_t>(n));
  std::iota(items.begin(), items.end(), int64_t{0});
  for (int64_t i = 0; i < k && i + 1 < n; ++i) {
    std::swap(items[static_cast<size_t>(i)], items[static_cast<size_t>(i + below(n - i))]);
  }
  items.resize(static_cast<size_t>(k));
  return items;
}

void Rng::fill_uniform(float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(next_u32() >> 8) * 0x1.0p-24F;
}

void Rng::fill_normal(float* out, int64_t n) {
  for (int64_t i = 0; i < n; i += 2) {
    const float u = static_cast<float>((next_u32() >> 8) + 1) * 0x1.0p-24F;  // (0, 1]
    const float v = static_cast<float>(next_u32() >> 8) * 0x1.0p-24F;
    const float radius = std::sqrt(-2.0F * std::log(u));
    const float angle = 2.0F * std::numbers::pi_v<float> * v;
    out[i] = radius * std::cos(angle);
    if (i + 1 < n) out[i + 1] = radius * std::sin(angle);
  }
}

}  // namespace likewise
