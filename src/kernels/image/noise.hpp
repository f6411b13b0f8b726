#pragma once
// Gaussian noise, many values at a time.

#include <cstdint>

#include "likewise/base/random.hpp"

namespace likewise::kernels {

// out = in + sigma times standard normal values (Box-Muller, two from two words of the stream;
// the largest is 5.8). `out` may be `in`.
void add_normal(const float* in, float* out, int64_t n, float sigma, Rng& rng);

}  // namespace likewise::kernels
