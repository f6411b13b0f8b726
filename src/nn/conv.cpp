#include "nn/conv.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>

#include "kernels/conv/conv.hpp"
#include "likewise/base/error.hpp"
#include "likewise/nn/memory_format.hpp"
#include "nn/autocast.hpp"

namespace likewise::detail {
namespace {

using kernels::ConvMethod;
using kernels::ConvPart;
using kernels::ConvShape;

ConvShape shape_of(const Tensor& x, const Tensor& weight, const ConvGeometry& geometry) {
  return {.batch = x.size(0),
          .height = x.size(2),
          .width = x.size(3),
          .in = x.size(1),
          .out = weight.size(0),
          .kernel = weight.size(2),
          .stride = geometry.stride,
          .padding = geometry.padding};
}

kernels::ConvWeights layout_of(const Tensor& weight) {
  return {weight.data_ptr<float>(), weight.stride(0), weight.stride(1), weight.stride(2),
          weight.stride(3)};
}

void for_each(int64_t count, const std::function<void(int64_t, int64_t)>& body) {
  at::parallel_for(0, count, 1, body);
}

Tensor pixels_like(const Tensor& x, int64_t channels, int64_t height, int64_t width) {
  return channels_last(at::empty({x.size(0), channels, height, width},
                                 x.options().memory_format(at::MemoryFormat::ChannelsLast)));
}

// Where our kernels took at least a tenth less time than oneDNN's with the same instruction set. A
// rule by shape, so that equal inputs take equal paths.
bool is_faster(const ConvShape& shape, ConvPart part) {
  switch (kernels::conv_method(shape, part)) {
    case ConvMethod::kWinograd: {
      constexpr int64_t kChannels = 128, kPixels = 16, kAll = 1024;
      const int64_t pixels = shape.height * shape.width;
      return std::max(shape.in, shape.out) <= kChannels && pixels >= kPixels &&
             pixels * shape.batch >= kAll;
    }
    case ConvMethod::kDirect:
      return shape.in == 1 && part == ConvPart::kForward &&
             kernels::best_simd() == kernels::Simd::kAvx512;
    case ConvMethod::kNone:
      break;
  }
  return false;
}

struct ConvFunction : torch::autograd::Function<ConvFunction> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x,
                        const Tensor& weight, int64_t stride, int64_t padding, bool every_part) {
    const ConvShape shape = shape_of(x, weight, {stride, padding});
    Tensor y = pixels_like(x, shape.out, shape.out_height(), shape.out_width());
    kernels::conv_forward(shape, kernels::conv_method(shape, ConvPart::kForward),
                          x.data_ptr<float>(), layout_of(weight), y.data_ptr<float>(), for_each);
    context->save_for_backward({x, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    context->saved_data["every_part"] = every_part;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const int64_t stride = context->saved_data["stride"].toInt();
    const int64_t padding = context->saved_data["padding"].toInt();
    const bool every_part = context->saved_data["every_part"].toBool();
    std::array<bool, 3> wanted{context->needs_input_grad(0), context->needs_input_grad(1), false};
    const ConvShape shape = shape_of(x, weight, {stride, padding});
    const auto ours = [&](ConvPart part) {
      if (every_part) return kernels::conv_method(shape, part) != ConvMethod::kNone;
      return is_faster(shape, part);
    };
    Tensor dx, dw;
    if (!at::GradMode::is_enabled()) {
      const Tensor dy = channels_last(upstream[0]);
      if (wanted[0] && ours(ConvPart::kBackwardData)) {
        dx = pixels_like(x, shape.in, shape.height, shape.width);
        kernels::conv_backward_data(shape, kernels::conv_method(shape, ConvPart::kBackwardData),
                                    dy.data_ptr<float>(), layout_of(weight), dx.data_ptr<float>(),
                                    for_each);
        wanted[0] = false;
      }
      if (wanted[1] && ours(ConvPart::kBackwardWeights)) {
        dw = at::empty_like(weight);
        kernels::conv_backward_weights(
            shape, kernels::conv_method(shape, ConvPart::kBackwardWeights), x.data_ptr<float>(),
            dy.data_ptr<float>(), layout_of(dw), dw.data_ptr<float>(), for_each);
        wanted[1] = false;
      }
    }
    if (wanted[0] || wanted[1]) {  // with a graph of its own, for second derivatives
      const std::array<int64_t, 2> steps{stride, stride}, pads{padding, padding}, one{1, 1},
          none{0, 0};
      const auto [by_x, by_weight, by_bias] = at::convolution_backward(
          upstream[0], x, weight, c10::nullopt, steps, pads, one, false, none, 1, wanted);
      if (wanted[0]) dx = by_x;
      if (wanted[1]) dw = by_weight;
    }
    return {dx, dw, Tensor(), Tensor(), Tensor()};
  }
};

bool plain_floats(const Tensor& x) {
  return x.dim() == 4 && x.device().is_cpu() && x.scalar_type() == at::kFloat;
}

}  // namespace

bool has_own_conv(const Tensor& x, const Tensor& weight, const ConvGeometry& geometry) {
  if (!plain_floats(x) || !plain_floats(weight) || autocast_enabled(at::kCPU)) return false;
  if (kernels::best_simd() == kernels::Simd::kPortable) return false;
  if (!x.is_contiguous(at::MemoryFormat::ChannelsLast) || x.stride(1) != 1) return false;
  const ConvShape shape = shape_of(x, weight, geometry);
  if (weight.size(1) != shape.in || weight.size(3) != shape.kernel) return false;
  return is_faster(shape, ConvPart::kForward);
}

Tensor own_conv(const Tensor& x, const Tensor& weight, const ConvGeometry& geometry,
                bool every_part) {
  return ConvFunction::apply(x, weight, geometry.stride, geometry.padding, every_part);
}

}  // namespace likewise::detail
