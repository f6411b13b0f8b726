#include "kernels/image/morphology.hpp"

#include <algorithm>
#include <vector>

#include "kernels/vectorise.hpp"

LIKEWISE_VECTORISE_BEGIN

namespace likewise::kernels {
namespace {

inline float larger(float a, float b) { return a > b ? a : b; }
inline float smaller(float a, float b) { return a < b ? a : b; }

// Three rows, then three columns; the edge is repeated, which an extremum does not notice.
template <float (*Pick)(float, float)>
void neighbours3(const float* in, ImageShape shape, float* out) {
  const int64_t height = shape.height, width = shape.width;
  thread_local std::vector<float> padded;
  padded.resize(static_cast<size_t>(width + 2));
  float* middle = padded.data() + 1;
  for (int64_t c = 0; c < shape.channels; ++c) {
    for (int64_t y = 0; y < height; ++y) {
      const float* row = in + (c * height + y) * width;
      const float* above = y > 0 ? row - width : row;
      const float* below = y + 1 < height ? row + width : row;
      for (int64_t x = 0; x < width; ++x) middle[x] = Pick(Pick(above[x], row[x]), below[x]);
      middle[-1] = middle[0];
      middle[width] = middle[width - 1];
      float* to = out + (c * height + y) * width;
      for (int64_t x = 0; x < width; ++x) {
        to[x] = Pick(Pick(middle[x - 1], middle[x]), middle[x + 1]);
      }
    }
  }
}

}  // namespace

void dilate3(const float* in, ImageShape shape, float* out) { neighbours3<larger>(in, shape, out); }

void erode3(const float* in, ImageShape shape, float* out) { neighbours3<smaller>(in, shape, out); }

}  // namespace likewise::kernels

LIKEWISE_VECTORISE_END
