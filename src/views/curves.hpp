#pragma once
// Interpolation along rows, shared by views of waves, series and spectrograms.

#include <cstdint>
#include <vector>

#include "likewise/base/random.hpp"

namespace likewise::detail {

// Value of a row at a place between its frames: linear, the ends go on.
float linear_at(const float* row, int64_t length, double place);
// Catmull-Rom through four frames; zeros outside.
float cubic_at(const float* row, int64_t length, double place);

// out[t] = cubic_at(row, length, t speed) for t < frames, but in float where no end is near.
void resample_cubic(const float* row, int64_t length, double speed, float* out, int64_t frames);

// A smooth curve of `length` values through `knots` + 2 equally spaced draws of N(0, deviation^2).
std::vector<double> smooth_noise(int64_t length, int64_t knots, double deviation, Rng& rng);

// Standard deviation of a row.
double deviation_of(const float* row, int64_t length);

}  // namespace likewise::detail
