#include "kernels/conv/weights.hpp"

namespace likewise::kernels::conv {
namespace {

// Channels of the weights themselves.
int64_t in_of(const ConvShape& s) { return s.weight_in > 0 ? s.weight_in : s.in; }
int64_t out_of(const ConvShape& s) { return s.weight_out > 0 ? s.weight_out : s.out; }

int64_t tap_at(const ConvShape& shape, const ConvWeights& w, int64_t tap) {
  return tap / shape.kernel * w.row_step + tap % shape.kernel * w.column_step;
}

bool in_blocks(const ConvShape& shape, const ConvWeights& w) {
  return w.in_step == 1 && in_of(shape) == shape.in && out_of(shape) == shape.out &&
         shape.in % kBlock == 0 && shape.out % kBlock == 0;
}

}  // namespace

LineFloats by_in(const ConvShape& shape, const ConvWeights& w, const Ops& ops) {
  const int64_t taps = shape.kernel * shape.kernel;
  LineFloats to(static_cast<size_t>(taps * shape.in * shape.out));
  for (int64_t tap = 0; tap < taps; ++tap) {
    const float* from = w.data + tap_at(shape, w, tap);
    float* out = to.data() + tap * shape.in * shape.out;
    if (in_blocks(shape, w)) {
      for (int64_t o = 0; o < shape.out; o += kBlock) {
        for (int64_t i = 0; i < shape.in; i += kBlock) {
          ops.transpose_block(from + o * w.out_step + i, w.out_step, out + i * shape.out + o,
                              shape.out);
        }
      }
      continue;
    }
    for (int64_t i = 0; i < in_of(shape); ++i) {
      for (int64_t o = 0; o < out_of(shape); ++o) {
        out[i * shape.out + o] = from[o * w.out_step + i * w.in_step];
      }
    }
  }
  return to;
}

LineFloats by_out(const ConvShape& shape, const ConvWeights& w) {
  const int64_t taps = shape.kernel * shape.kernel;
  LineFloats to(static_cast<size_t>(taps * shape.in * shape.out));
  for (int64_t tap = 0; tap < taps; ++tap) {
    const float* from = w.data + tap_at(shape, w, tap);
    float* out = to.data() + tap * shape.in * shape.out;
    for (int64_t o = 0; o < out_of(shape); ++o) {
      for (int64_t i = 0; i < in_of(shape); ++i) {
        out[o * shape.in + i] = from[o * w.out_step + i * w.in_step];
      }
    }
  }
  return to;
}

void from_by_in(const ConvShape& shape, const float* dw, const ConvWeights& w, float* to,
                const Ops& ops) {
  for (int64_t tap = 0; tap < shape.kernel * shape.kernel; ++tap) {
    const float* from = dw + tap * shape.in * shape.out;
    float* out = to + tap_at(shape, w, tap);
    if (in_blocks(shape, w)) {
      for (int64_t o = 0; o < shape.out; o += kBlock) {
        for (int64_t i = 0; i < shape.in; i += kBlock) {
          ops.transpose_block(from + i * shape.out + o, shape.out, out + o * w.out_step + i,
                              w.out_step);
        }
      }
      continue;
    }
    for (int64_t o = 0; o < out_of(shape); ++o) {
      for (int64_t i = 0; i < in_of(shape); ++i) {
        out[o * w.out_step + i * w.in_step] = from[i * shape.out + o];
      }
    }
  }
}

}  // namespace likewise::kernels::conv
