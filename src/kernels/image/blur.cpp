#include "kernels/image/blur.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/vectorise.hpp"

LIKEWISE_VECTORISE_BEGIN

namespace likewise::kernels {
namespace {

int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  i = std::abs(i) % period;
  return i < n ? i : period - i;
}

int64_t repeated(int64_t i, int64_t n) { return std::clamp(i, int64_t{0}, n - 1); }

// out[y, x] = sum over k, l of w[k] w[l] in[y + k - radius, x + l - radius], coordinates beyond
// the edge replaced by `edge`.
void separable(const float* in, ImageShape shape, const std::vector<float>& weight,
               int64_t (*edge)(int64_t, int64_t), float* out) {
  const auto taps = static_cast<int64_t>(weight.size()), radius = taps / 2;
  const int64_t height = shape.height, width = shape.width;
  thread_local std::vector<float> padded;  // one row after the vertical pass, with its margins
  padded.resize(static_cast<size_t>(width + 2 * radius));
  float* middle = padded.data() + radius;
  for (int64_t c = 0; c < shape.channels; ++c) {
    const float* plane = in + c * shape.plane();
    for (int64_t y = 0; y < height; ++y) {
      std::fill_n(middle, width, 0.0F);
      for (int64_t k = 0; k < taps; ++k) {
        const float w = weight[static_cast<size_t>(k)];
        const float* row = plane + edge(y + k - radius, height) * width;
        for (int64_t x = 0; x < width; ++x) middle[x] += w * row[x];
      }
      for (int64_t x = 1; x <= radius; ++x) {
        middle[-x] = middle[edge(-x, width)];
        middle[width - 1 + x] = middle[edge(width - 1 + x, width)];
      }
      float* to = out + (c * height + y) * width;
      std::fill_n(to, width, 0.0F);
      for (int64_t k = 0; k < taps; ++k) {
        const float w = weight[static_cast<size_t>(k)];
        const float* from = padded.data() + k;
        for (int64_t x = 0; x < width; ++x) to[x] += w * from[x];
      }
    }
  }
}

}  // namespace

void gaussian_blur(const float* in, ImageShape shape, int64_t kernel, double sigma, float* out) {
  // Beyond 6 sigma a weight is below 2e-8 of the largest: half a unit in the last place of a float.
  const int64_t radius =
      std::min(kernel / 2, static_cast<int64_t>(std::ceil(6.0 * std::min(sigma, 1e9))));
  std::vector<double> weight;
  double total = 0.0;
  for (int64_t k = -radius; k <= radius; ++k) {
    const double z = static_cast<double>(k) / sigma;
    weight.push_back(std::exp(-0.5 * z * z));
    total += weight.back();
  }
  std::vector<float> normalised;
  for (double w : weight) normalised.push_back(static_cast<float>(w / total));
  separable(in, shape, normalised, mirrored, out);
}

void box_blur3(const float* in, ImageShape shape, float* out) {
  separable(in, shape, std::vector<float>(3, 1.0F / 3.0F), repeated, out);
}

}  // namespace likewise::kernels

LIKEWISE_VECTORISE_END
