#include "kernels/image/colour.hpp"

#include <algorithm>

#include "kernels/vectorise.hpp"

LIKEWISE_VECTORISE_BEGIN
// Inside, because functions are only inlined into those of equal options.
#include "kernels/image/fast_math.hpp"

namespace likewise::kernels {
namespace {

inline float clamp_unit(float x) {
  x = x < 0.0F ? 0.0F : x;
  return x > 1.0F ? 1.0F : x;
}

}  // namespace

void brightness(const float* in, float* out, int64_t n, float factor) {
  for (int64_t i = 0; i < n; ++i) out[i] = clamp_unit(factor * in[i]);
}

double mean(const float* in, int64_t n) {
  // Eight float sums over blocks short enough to stay exact to 1e-6, blocks in double: a fixed
  // order that vector registers can follow.
  constexpr int64_t kLanes = 8, kBlock = 512;
  double total = 0.0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = std::min(begin + kBlock, n);
    float lanes[kLanes] = {};
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) {
      for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += in[i + lane];
    }
    for (float lane : lanes) total += static_cast<double>(lane);
    for (; i < end; ++i) total += static_cast<double>(in[i]);
  }
  return total / static_cast<double>(n);
}

void contrast(const float* in, float* out, ImageShape shape, float factor) {
  double level = mean(in, shape.plane());
  if (shape.channels == 3) {
    level = static_cast<double>(kRed) * level +
            static_cast<double>(kGreen) * mean(in + shape.plane(), shape.plane()) +
            static_cast<double>(kBlue) * mean(in + 2 * shape.plane(), shape.plane());
  }
  const float shift = static_cast<float>((1.0 - static_cast<double>(factor)) * level);
  for (int64_t i = 0; i < shape.size(); ++i) out[i] = clamp_unit(factor * in[i] + shift);
}

void saturation(const float* in, float* out, int64_t plane, float factor) {
  const float rest = 1.0F - factor;
#pragma GCC ivdep  // out is in or apart from it
  for (int64_t i = 0; i < plane; ++i) {
    const float r = in[i], g = in[plane + i], b = in[2 * plane + i];
    const float grey = rest * (kRed * r + kGreen * g + kBlue * b);
    out[i] = clamp_unit(factor * r + grey);
    out[plane + i] = clamp_unit(factor * g + grey);
    out[2 * plane + i] = clamp_unit(factor * b + grey);
  }
}

void hue(const float* in, float* out, int64_t plane, float turns) {
  // In HSV a turn leaves V = max and S V = max - min alone, so only the position on the hexagon
  // changes. Channel n of HSV -> RGB is V - S V clamp(min(k, 4 - k), 0, 1) with
  // k = (n + 6 H) mod 6 and n = 5, 3, 1 for red, green, blue.
  const float shift = 6.0F * (turns < 0.0F ? turns + 1.0F : turns);  // [0, 6]
#pragma GCC ivdep                                                    // out is in or apart from it
  for (int64_t i = 0; i < plane; ++i) {
    const float r = in[i], g = in[plane + i], b = in[2 * plane + i];
    const float rg = r > g ? r : g, most = rg > b ? rg : b;
    const float gr = r < g ? r : g, least = gr < b ? gr : b;
    const float span = most - least;
    const float inverse = 1.0F / (span > 0.0F ? span : 1.0F);
    const float from_red = (g - b) * inverse;
    const float from_green = 2.0F + (b - r) * inverse;
    const float from_blue = 4.0F + (r - g) * inverse;
    float position = most == g ? from_green : from_blue;
    position = most == r ? from_red : position;  // [-1, 5]
    position += shift;                           // [-1, 11]
    position = position < 0.0F ? position + 6.0F : position;
    position = position >= 6.0F ? position - 6.0F : position;
    float k5 = position + 5.0F, k3 = position + 3.0F, k1 = position + 1.0F;
    k5 = k5 >= 6.0F ? k5 - 6.0F : k5;
    k3 = k3 >= 6.0F ? k3 - 6.0F : k3;
    k1 = k1 >= 6.0F ? k1 - 6.0F : k1;
    const float o5 = 4.0F - k5, o3 = 4.0F - k3, o1 = 4.0F - k1;
    out[i] = most - span * clamp_unit(k5 < o5 ? k5 : o5);
    out[plane + i] = most - span * clamp_unit(k3 < o3 ? k3 : o3);
    out[2 * plane + i] = most - span * clamp_unit(k1 < o1 ? k1 : o1);
  }
}

void luma(const float* in, float* out, int64_t plane) {
#pragma GCC ivdep  // out is in or apart from it
  for (int64_t i = 0; i < plane; ++i) {
    out[i] = kRed * in[i] + kGreen * in[plane + i] + kBlue * in[2 * plane + i];
  }
}

void solarize(const float* in, float* out, int64_t n, float threshold) {
  for (int64_t i = 0; i < n; ++i) {
    const float x = in[i], inverted = 1.0F - x;
    out[i] = x >= threshold ? inverted : x;
  }
}

void gamma(const float* in, float* out, int64_t n, float exponent) {
  constexpr float kTiny = 1e-12F;  // below it x counts as zero
  for (int64_t i = 0; i < n; ++i) {
    const float x = in[i], safe = x < kTiny ? kTiny : x;
    float power = exponent * fast_log2(safe);
    power = power < -126.0F ? -126.0F : power;
    power = power > 127.0F ? 127.0F : power;
    const float y = fast_exp2(power);
    out[i] = x < kTiny ? 0.0F : y;
  }
}

void scale_shift(const float* in, float* out, int64_t n, float scale, float shift) {
  for (int64_t i = 0; i < n; ++i) out[i] = scale * in[i] + shift;
}

}  // namespace likewise::kernels

LIKEWISE_VECTORISE_END
