#pragma once
// Elementary views that destroy information: a box of one value, and noise.

#include <cstdint>

#include "likewise/base/random.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// x is float [C, H, W]; the box must lie inside (UserError).
Tensor erase(const Tensor& x, int64_t top, int64_t left, int64_t height, int64_t width,
             double value);

// Adds sigma times standard normal values, without clamping: that would brighten black ground.
Tensor add_noise(const Tensor& x, double sigma, Rng& rng);

}  // namespace likewise
