#include "kernels/conv/conv.hpp"

#include "kernels/conv/direct.hpp"
#include "kernels/conv/weights.hpp"
#include "kernels/conv/winograd.hpp"

namespace likewise::kernels {

ConvMethod conv_method(const ConvShape& s, ConvPart part) {
  const bool few = s.in == 1 || s.in == 3;
  if (s.out % conv::kBlock != 0 || s.out <= 0 || s.in <= 0) return ConvMethod::kNone;
  if (s.in % conv::kBlock != 0 && !(few && s.stride == 1)) return ConvMethod::kNone;
  if (few && part == ConvPart::kBackwardData) return ConvMethod::kNone;
  if (s.kernel < 1 || s.kernel > 7 || s.stride < 1 || s.stride > 2) return ConvMethod::kNone;
  if (s.padding < 0 || s.padding >= s.kernel || s.batch < 1) return ConvMethod::kNone;
  if (s.height + 2 * s.padding < s.kernel || s.width + 2 * s.padding < s.kernel) {
    return ConvMethod::kNone;
  }
  if (s.kernel == 3 && s.stride == 1 && !few) return ConvMethod::kWinograd;
  return ConvMethod::kDirect;
}

void conv_forward(const ConvShape& s, ConvMethod method, const float* x, const ConvWeights& weights,
                  float* y, const ConvForEach& for_each, Simd simd) {
  const conv::Ops& ops = conv::ops(simd);
  const LineFloats taps = conv::by_in(s, weights, ops);
  if (method == ConvMethod::kWinograd) {
    conv::winograd({s.batch, s.height, s.width, s.in}, x, s.padding, taps.data(), s.out, y,
                   for_each, ops);
  } else {
    conv::direct(s, x, taps.data(), y, for_each, ops);
  }
}

void conv_backward_data(const ConvShape& s, ConvMethod method, const float* dy,
                        const ConvWeights& weights, float* dx, const ConvForEach& for_each,
                        Simd simd) {
  const conv::Ops& ops = conv::ops(simd);
  if (method == ConvMethod::kWinograd) {
    // The correlation of dy with the taps in reverse.
    ConvWeights reversed = weights;
    reversed.data += 2 * (weights.row_step + weights.column_step);
    reversed.row_step = -weights.row_step;
    reversed.column_step = -weights.column_step;
    const LineFloats taps = conv::by_out(s, reversed);
    conv::winograd({s.batch, s.out_height(), s.out_width(), s.out}, dy, 2 - s.padding, taps.data(),
                   s.in, dx, for_each, ops);
  } else {
    conv::direct_data(s, dy, conv::by_out(s, weights).data(), dx, for_each, ops);
  }
}

void conv_backward_weights(const ConvShape& s, ConvMethod method, const float* x, const float* dy,
                           const ConvWeights& layout, float* dw, const ConvForEach& for_each,
                           Simd simd) {
  const conv::Ops& ops = conv::ops(simd);
  LineFloats by_in(static_cast<size_t>(s.kernel * s.kernel * s.in * s.out));
  if (method == ConvMethod::kWinograd) {
    conv::winograd_weights({s.batch, s.height, s.width, s.in}, x, s.padding, dy, s.out,
                           by_in.data(), for_each, ops);
  } else {
    conv::direct_weights(s, x, dy, by_in.data(), for_each, ops);
  }
  conv::from_by_in(s, by_in.data(), layout, dw, ops);
}

}  // namespace likewise::kernels
