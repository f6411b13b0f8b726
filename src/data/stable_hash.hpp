#pragma once
// A 64-bit hash that is the same on every machine; for cache keys and checksums, not for secrets.

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "likewise/base/random.hpp"

namespace likewise::detail {

inline uint64_t stable_hash(std::span<const uint8_t> bytes, uint64_t seed = 0) {
  uint64_t state = mix64(seed ^ bytes.size());
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    state = mix64(state ^ word) + 0x9e3779b97f4a7c15u;
  }
  uint64_t tail = 0;
  if (at < bytes.size()) std::memcpy(&tail, bytes.data() + at, bytes.size() - at);
  return mix64(state ^ tail);
}

// The same purpose for megabytes: four streams side by side, so that no word waits for the one
// before it.
inline uint64_t checksum(std::span<const uint8_t> bytes) {
  uint64_t lanes[4] = {1, 2, 3, 4};
  size_t at = 0;
  for (; at + 32 <= bytes.size(); at += 32) {
    uint64_t words[4];
    std::memcpy(words, bytes.data() + at, 32);
    for (int i = 0; i < 4; ++i) {
      lanes[i] = (lanes[i] ^ words[i]) * 0x9e3779b97f4a7c15u;
      lanes[i] ^= lanes[i] >> 29;
    }
  }
  uint64_t sum = stable_hash(bytes.subspan(at), bytes.size());
  for (const uint64_t lane : lanes) sum = mix64(sum ^ lane);
  return sum;
}

inline uint64_t stable_hash(std::string_view text, uint64_t seed = 0) {
  return stable_hash({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, seed);
}

}  // namespace likewise::detail
