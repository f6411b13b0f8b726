#pragma once
// The shape of what an encoder takes, without the batch.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace likewise {

// Images and spectrograms [C, H, W], series [C, T], vectors [C]: `extent` is {H, W}, {T} or {}.
struct InputShape {
  int64_t channels = 0;
  std::vector<int64_t> extent;

  static InputShape image(int64_t channels, int64_t side) { return {channels, {side, side}}; }

  // The longest side; 1 for vectors.
  int64_t side() const {
    return extent.empty() ? 1 : *std::max_element(extent.begin(), extent.end());
  }
  // {count, C, ...}.
  std::vector<int64_t> batch(int64_t count) const {
    std::vector<int64_t> out = {count, channels};
    out.insert(out.end(), extent.begin(), extent.end());
    return out;
  }
  // "3 x 32 x 32".
  std::string text() const {
    std::string out = std::to_string(channels);
    for (const int64_t length : extent) out += " x " + std::to_string(length);
    return out;
  }
};

}  // namespace likewise
