#pragma once
// What the measurements share.

#include <ATen/ops/empty.h>

#include <cmath>

#include "likewise/base/random.hpp"
#include "likewise/tensor.hpp"

namespace likewise::bench {

// uint8 [C, H, W] of smooth shades with some noise.
inline Tensor natural_image(uint64_t seed, int64_t channels, int64_t height, int64_t width) {
  Tensor x = at::empty({channels, height, width}, at::kByte);
  Rng rng(seed);
  const double u = rng.uniform(0.02, 0.3), v = rng.uniform(0.02, 0.3);
  uint8_t* p = x.data_ptr<uint8_t>();
  for (int64_t c = 0; c < channels; ++c) {
    const double phase = rng.uniform(0.0, 6.0);
    for (int64_t i = 0; i < height; ++i) {
      for (int64_t j = 0; j < width; ++j) {
        const double t = u * static_cast<double>(i) + v * static_cast<double>(j) + phase;
        *p++ = static_cast<uint8_t>(128.0 + 90.0 * std::sin(t) + rng.uniform(-20.0, 20.0));
      }
    }
  }
  return x;
}

}  // namespace likewise::bench
