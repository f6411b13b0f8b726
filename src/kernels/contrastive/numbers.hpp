#pragma once
// What the contrastive kernels share besides their loops.

#include <limits>

namespace likewise::kernels::contrastive {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
constexpr double kLn2 = 0.693147180559945309417;
constexpr double kLog2E = 1.44269504088896340736;
constexpr double kNormFloor = 1e-12;  // as torch's normalize
// Exponents are shifted by a constant such that the largest is 2^kHeadroom. A row whose sum is less
// than 2^kLowest may have lost terms to underflow: then every row gets its own shift.
constexpr int kHeadroom = 100;
constexpr int kLowest = -80;

}  // namespace likewise::kernels::contrastive
