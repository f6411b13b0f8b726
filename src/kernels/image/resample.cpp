#include "kernels/image/resample.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "kernels/vectorise.hpp"

LIKEWISE_VECTORISE_BEGIN

namespace likewise::kernels {
namespace {

double filter_value(Filter filter, double a, double x) {
  x = std::abs(x);
  if (filter == Filter::bilinear) return std::max(0.0, 1.0 - x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return a * (((x - 5.0) * x + 8.0) * x - 4.0);
  return 0.0;
}

// For each of `out` positions along one axis: the first of `taps` source pixels and their weights.
struct AxisWeights {
  int64_t taps = 0;
  std::vector<int64_t> first;  // [out]
  std::vector<float> weight;   // [out, taps], zeros where fewer are needed
};

void axis_weights(int64_t in, int64_t out, Filter filter, bool antialias, AxisWeights& axis) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = antialias ? std::max(scale, 1.0) : 1.0;
  const double support = (filter == Filter::bilinear ? 1.0 : 2.0) * stretch;
  const double a = antialias ? -0.5 : -0.75;
  axis.taps = std::min(in, static_cast<int64_t>(std::ceil(2.0 * support)) + 1);
  axis.first.resize(static_cast<size_t>(out));
  axis.weight.assign(static_cast<size_t>(out * axis.taps), 0.0F);
  for (int64_t i = 0; i < out; ++i) {
    const double centre = scale * (static_cast<double>(i) + 0.5);
    const auto begin = static_cast<int64_t>(std::floor(centre - support + 0.5));
    const auto end = static_cast<int64_t>(std::floor(centre + support + 0.5));
    const int64_t first = std::clamp(begin, int64_t{0}, in - axis.taps);
    float* weight = axis.weight.data() + i * axis.taps;
    axis.first[static_cast<size_t>(i)] = first;
    double total = 0.0;
    for (int pass = 0; pass < 2; ++pass) {  // first the sum, then the normalised weights
      for (int64_t x = begin; x < end; ++x) {
        if (antialias && (x < 0 || x >= in)) continue;
        const double w = filter_value(filter, a, (static_cast<double>(x) + 0.5 - centre) / stretch);
        if (pass == 0) {
          total += w;
        } else {
          weight[std::clamp(x, int64_t{0}, in - 1) - first] += static_cast<float>(w / total);
        }
      }
    }
  }
}

// out = sum over k of weight[k] * (row k of in): the vertical pass, over contiguous memory.
template <class T>
void weigh_rows(const T* in, int64_t stride, const float* weight, int64_t taps, float* out,
                int64_t width) {
  const float unit = std::is_same_v<T, uint8_t> ? 1.0F / 255.0F : 1.0F;
  for (int64_t x = 0; x < width; ++x) out[x] = 0.0F;
  for (int64_t k = 0; k < taps; ++k) {
    const float w = weight[k] * unit;
    if (w == 0.0F) continue;
    const T* row = in + k * stride;
    for (int64_t x = 0; x < width; ++x) out[x] += w * static_cast<float>(row[x]);
  }
}

void weigh_columns(const float* row, const AxisWeights& axis, float* out, int64_t out_width) {
  const float* weight = axis.weight.data();
  if (axis.taps == 3) {  // enlarging bilinearly, the usual case of small images
    for (int64_t j = 0; j < out_width; ++j, weight += 3) {
      const float* x = row + axis.first[static_cast<size_t>(j)];
      out[j] = weight[0] * x[0] + weight[1] * x[1] + weight[2] * x[2];
    }
    return;
  }
  for (int64_t j = 0; j < out_width; ++j, weight += axis.taps) {
    const float* x = row + axis.first[static_cast<size_t>(j)];
    float sum = 0.0F;
    for (int64_t k = 0; k < axis.taps; ++k) sum += weight[k] * x[k];
    out[j] = sum;
  }
}

}  // namespace

template <class T>
void resample(const T* in, ImageShape shape, Box box, float* out, int64_t out_height,
              int64_t out_width, Filter filter, bool antialias) {
  thread_local AxisWeights vertical, horizontal;
  thread_local std::vector<float> row;
  axis_weights(box.height, out_height, filter, antialias, vertical);
  axis_weights(box.width, out_width, filter, antialias, horizontal);
  row.resize(static_cast<size_t>(box.width));
  for (int64_t c = 0; c < shape.channels; ++c) {
    const T* corner = in + c * shape.plane() + box.top * shape.width + box.left;
    for (int64_t i = 0; i < out_height; ++i) {
      const T* source = corner + vertical.first[static_cast<size_t>(i)] * shape.width;
      weigh_rows(source, shape.width, vertical.weight.data() + i * vertical.taps, vertical.taps,
                 row.data(), box.width);
      weigh_columns(row.data(), horizontal, out + (c * out_height + i) * out_width, out_width);
    }
  }
}

template void resample<float>(const float*, ImageShape, Box, float*, int64_t, int64_t, Filter,
                              bool);
template void resample<uint8_t>(const uint8_t*, ImageShape, Box, float*, int64_t, int64_t, Filter,
                                bool);

}  // namespace likewise::kernels

LIKEWISE_VECTORISE_END
