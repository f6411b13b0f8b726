#pragma once
// Convolutions of channels-last floats for few channels: value, gradient by the input, gradient by
// the weights. 3 x 3 kernels with stride 1 by the Winograd algorithm F(4 x 4, 3 x 3), which needs a
// quarter of the products (error: docs/numerics.md); the others directly, as sums of products of
// rows of pixels with the taps, vectors of output channels; with 1 to 8 output channels as vectors
// of pixels.

#include <cstdint>
#include <functional>

#include "kernels/simd.hpp"

namespace likewise::kernels {

// How x is looked at through a mirror or a lens: pixel (i, j) of what is convolved is pixel
// (rows[i], columns[j]) of an image [height, width].
struct ConvSource {
  int64_t height, width;
  const int64_t *rows, *columns;
};

// y[n, i, j, o] = sum over r, s, c of x[n, i * stride + r - padding, j * stride + s - padding, c]
//                 w[o, c, r, s]; pixels outside are zero.
struct ConvShape {
  int64_t batch, height, width, in, out;  // of x [batch, height, width, in]
  int64_t kernel = 3, stride = 1, padding = 1;
  // Channels that the weights have, if fewer: those of x beyond are not looked at, those of y are
  // zero. 0: all.
  int64_t weight_in = 0, weight_out = 0;
  // Where the pixels of x are, if not side by side; then padding is 0. The gradient by x is that by
  // the pixels convolved; conv_fold adds them up.
  const ConvSource* source = nullptr;

  int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
};

// Weights [out, in, kernel, kernel] of any layout.
struct ConvWeights {
  const float* data;
  int64_t out_step, in_step, row_step, column_step;
};

enum class ConvPart { kForward, kBackwardData, kBackwardWeights };
enum class ConvMethod { kNone, kDirect, kWinograd };

// Which method computes it: kNone if the shape is not supported: `in` and `out` are multiples of
// 16, or one of them is 1 to 8 with stride 1; kernel 1 to 9, stride 1 or 2, padding < kernel, at
// least one pixel of output.
ConvMethod conv_method(const ConvShape& shape, ConvPart part);

// As in nt_xent.hpp.
using ConvForEach = std::function<void(int64_t, const std::function<void(int64_t, int64_t)>&)>;

// x [batch, height, width, in], y [batch, out_height, out_width, out]. The result does not depend
// on how for_each divides the work. Each takes any method that conv_method could return for the
// shape; winograd only for kernel 3, stride 1, channels in blocks of 16.
void conv_forward(const ConvShape& shape, ConvMethod method, const float* x,
                  const ConvWeights& weights, float* y, const ConvForEach& for_each,
                  Simd simd = best_simd());
// to[n, rows[i], columns[j], c] = sum of from[n, i, j, c], from [batch, height, width, channels].
void conv_fold(const ConvSource& source, int64_t batch, int64_t height, int64_t width,
               int64_t channels, const float* from, float* to, const ConvForEach& for_each,
               Simd simd = best_simd());
void conv_backward_data(const ConvShape& shape, ConvMethod method, const float* dy,
                        const ConvWeights& weights, float* dx, const ConvForEach& for_each,
                        Simd simd = best_simd());
// dw of the layout that `layout` describes (its data is not read).
void conv_backward_weights(const ConvShape& shape, ConvMethod method, const float* x,
                           const float* dy, const ConvWeights& layout, float* dw,
                           const ConvForEach& for_each, Simd simd = best_simd());

}  // namespace likewise::kernels
