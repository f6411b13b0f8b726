#pragma once
// Convolutions of channels-last floats for few channels: value, gradient by the input, gradient by
// the weights. 3 x 3 kernels with stride 1 by the Winograd algorithm F(4 x 4, 3 x 3), which needs a
// quarter of the products (error: docs/numerics.md); the others directly.

#include <cstdint>
#include <functional>

#include "kernels/simd.hpp"

namespace likewise::kernels {

// y[n, i, j, o] = sum over r, s, c of x[n, i * stride + r - padding, j * stride + s - padding, c]
//                 w[o, c, r, s]; pixels outside are zero.
struct ConvShape {
  int64_t batch, height, width, in, out;  // of x [batch, height, width, in]
  int64_t kernel = 3, stride = 1, padding = 1;

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

// Which method computes it: kNone if the shape is not supported: `out` is a multiple of 16; `in` is
// one too, or 1 or 3 with stride 1 (then not for kBackwardData); kernel 1 to 7, stride 1 or 2,
// padding < kernel, at least one pixel of output.
ConvMethod conv_method(const ConvShape& shape, ConvPart part);

// As in nt_xent.hpp.
using ConvForEach = std::function<void(int64_t, const std::function<void(int64_t, int64_t)>&)>;

// x [batch, height, width, in], y [batch, out_height, out_width, out]. The result does not depend
// on how for_each divides the work. Each takes any method that conv_method could return for the
// shape; winograd only for kernel 3, stride 1, channels in blocks of 16.
void conv_forward(const ConvShape& shape, ConvMethod method, const float* x,
                  const ConvWeights& weights, float* y, const ConvForEach& for_each,
                  Simd simd = best_simd());
void conv_backward_data(const ConvShape& shape, ConvMethod method, const float* dy,
                        const ConvWeights& weights, float* dx, const ConvForEach& for_each,
                        Simd simd = best_simd());
// dw of the layout that `layout` describes (its data is not read).
void conv_backward_weights(const ConvShape& shape, ConvMethod method, const float* x,
                           const float* dy, const ConvWeights& layout, float* dw,
                           const ConvForEach& for_each, Simd simd = best_simd());

}  // namespace likewise::kernels
