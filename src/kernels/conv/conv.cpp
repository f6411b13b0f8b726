#include "kernels/conv/conv.hpp"

#include <algorithm>
#include <vector>

#include "kernels/conv/direct.hpp"
#include "kernels/conv/few.hpp"
#include "kernels/conv/weights.hpp"
#include "kernels/conv/winograd.hpp"

namespace likewise::kernels {

namespace {

bool few(int64_t channels) { return channels <= conv::kFew; }

// The gradient by x of a convolution with stride 1 is a convolution of dy: this one.
ConvShape turned(const ConvShape& s) {
  return {.batch = s.batch,
          .height = s.out_height(),
          .width = s.out_width(),
          .in = s.out,
          .out = s.in,
          .kernel = s.kernel,
          .stride = 1,
          .padding = s.kernel - 1 - s.padding,
          .weight_in = s.weight_out,
          .weight_out = s.weight_in};
}
// Its weights: the taps in reverse, channels exchanged. `to` is the place of the first tap.
template <class T>
T* last_tap(const ConvShape& s, const ConvWeights& w, T* first) {
  return first + (s.kernel - 1) * (w.row_step + w.column_step);
}
ConvWeights turned(const ConvShape& s, const ConvWeights& w) {
  return {w.data ? last_tap(s, w, w.data) : nullptr, w.in_step, w.out_step, -w.row_step,
          -w.column_step};
}

// Half a block of channels fills a vector of AVX2, which does as much in a cycle or more.
const conv::Ops& direct_ops(const ConvShape& s, Simd simd) {
  return conv::ops(conv::computed(s) < conv::kBlock && simd == Simd::kAvx512 ? Simd::kAvx2 : simd);
}

void direct_forward(const ConvShape& s, const float* x, const ConvWeights& weights, float* y,
                    const ConvForEach& for_each, Simd simd) {
  const conv::Ops& ops = direct_ops(s, simd);
  ConvShape narrow = s;
  narrow.out = conv::computed(s);
  conv::direct(s, x, conv::by_in(narrow, weights, ops).data(), y, for_each, ops);
}

void direct_gradient(const ConvShape& s, const float* x, const float* dy,
                     const ConvSource* dy_source, const ConvWeights& layout, float* dw,
                     const ConvForEach& for_each, Simd simd) {
  const conv::Ops& ops = direct_ops(s, simd);
  ConvShape narrow = s;
  narrow.out = conv::computed(s);
  LineFloats by_in(static_cast<size_t>(s.kernel * s.kernel * s.in * narrow.out));
  conv::direct_weights(s, x, dy, dy_source, by_in.data(), for_each, ops);
  conv::from_by_in(narrow, by_in.data(), layout, dw, ops);
}

}  // namespace

ConvMethod conv_method(const ConvShape& s, ConvPart) {
  if (s.out <= 0 || s.in <= 0 || (few(s.in) && few(s.out))) return ConvMethod::kNone;
  const bool some_few = few(s.in) || few(s.out);
  if (!few(s.out) && s.out % conv::kBlock != 0) return ConvMethod::kNone;
  if (!few(s.in) && s.in % conv::kBlock != 0) return ConvMethod::kNone;
  if (some_few && s.stride != 1) return ConvMethod::kNone;
  if (s.source && s.padding != 0) return ConvMethod::kNone;
  if (s.kernel < 1 || s.kernel > 9 || s.stride < 1 || s.stride > 2) return ConvMethod::kNone;
  if (s.padding < 0 || s.padding >= s.kernel || s.batch < 1) return ConvMethod::kNone;
  if (s.height + 2 * s.padding < s.kernel || s.width + 2 * s.padding < s.kernel) {
    return ConvMethod::kNone;
  }
  if (s.kernel == 3 && s.stride == 1 && !some_few) return ConvMethod::kWinograd;
  return ConvMethod::kDirect;
}

void conv_forward(const ConvShape& s, ConvMethod method, const float* x, const ConvWeights& weights,
                  float* y, const ConvForEach& for_each, Simd simd) {
  const conv::Ops& ops = conv::ops(simd);
  if (few(s.out)) {
    conv::few_out(s, x, weights, y, for_each, ops);
  } else if (method == ConvMethod::kWinograd) {
    const LineFloats taps = conv::by_in(s, weights, ops);
    conv::winograd({s.batch, s.height, s.width, s.in, s.weight_in, s.source}, x, s.padding,
                   taps.data(), s.out, y, for_each, ops);
  } else {
    direct_forward(s, x, weights, y, for_each, simd);
  }
}

void conv_backward_data(const ConvShape& s, ConvMethod method, const float* dy,
                        const ConvWeights& weights, float* dx, const ConvForEach& for_each,
                        Simd simd) {
  const conv::Ops& ops = conv::ops(simd);
  if (few(s.in)) {
    conv::few_out(turned(s), dy, turned(s, weights), dx, for_each, ops);
  } else if (few(s.out)) {
    direct_forward(turned(s), dy, turned(s, weights), dx, for_each, simd);
  } else if (method == ConvMethod::kWinograd) {
    // The correlation of dy with the taps in reverse.
    ConvWeights reversed = weights;
    reversed.data = last_tap(s, weights, weights.data);
    reversed.row_step = -weights.row_step;
    reversed.column_step = -weights.column_step;
    const LineFloats taps = conv::by_out(s, reversed);
    conv::winograd({s.batch, s.out_height(), s.out_width(), s.out, s.weight_out}, dy, 2 - s.padding,
                   taps.data(), s.in, dx, for_each, ops);
  } else {
    conv::direct_data(s, dy, conv::by_out(s, weights).data(), dx, for_each, ops);
  }
}

void conv_backward_weights(const ConvShape& s, ConvMethod method, const float* x, const float* dy,
                           const ConvWeights& layout, float* dw, const ConvForEach& for_each,
                           Simd simd) {
  if (few(s.out)) {
    direct_gradient(turned(s), dy, x, s.source, turned(s, layout), last_tap(s, layout, dw),
                    for_each, simd);
    return;
  }
  if (method != ConvMethod::kWinograd) {
    direct_gradient(s, x, dy, nullptr, layout, dw, for_each, simd);
    return;
  }
  const conv::Ops& ops = conv::ops(simd);
  LineFloats by_in(static_cast<size_t>(s.kernel * s.kernel * s.in * s.out));
  conv::winograd_weights({s.batch, s.height, s.width, s.in, s.weight_in, s.source}, x, s.padding,
                         dy, s.out, by_in.data(), for_each, ops);
  conv::from_by_in(s, by_in.data(), layout, dw, ops);
}

void conv_fold(const ConvSource& source, int64_t batch, int64_t height, int64_t width,
               int64_t channels, const float* from, float* to, const ConvForEach& for_each,
               Simd simd) {
  const conv::Ops& ops = conv::ops(simd);
  // Columns that lie side by side on both sides, added at once.
  struct Run {
    int64_t at, to, count;
  };
  std::vector<Run> runs;
  for (int64_t j = 0; j < width; ++j) {
    if (j > 0 && source.columns[j] == source.columns[j - 1] + 1) {
      ++runs.back().count;
    } else {
      runs.push_back({j, source.columns[j], 1});
    }
  }
  const int64_t size = source.height * source.width * channels;
  for_each(batch, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      float* image = to + n * size;
      std::fill_n(image, size, 0.0F);
      for (int64_t i = 0; i < height; ++i) {
        const float* row = from + (n * height + i) * width * channels;
        float* sums = image + source.rows[i] * source.width * channels;
        for (const Run& run : runs) {
          ops.add(sums + run.to * channels, row + run.at * channels, run.count * channels);
        }
      }
    }
  });
}

}  // namespace likewise::kernels
