#include "nn/mirror_conv.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/conv/conv.hpp"
#include "likewise/base/error.hpp"
#include "likewise/nn/layers.hpp"
#include "likewise/nn/memory_format.hpp"
#include "nn/autocast.hpp"

namespace likewise::detail {
namespace {

using kernels::ConvPart;
using kernels::ConvShape;

constexpr int64_t kChannelBlock = 16, kFewChannels = 8;

void over_images(int64_t count, const std::function<void(int64_t, int64_t)>& body) {
  at::parallel_for(0, count, 1, body);
}

// For every pixel along a side that is grown to `grown` and mirrored at `pad` pixels: which of the
// `size` it is. The rounding is that of upsample_nearest.
std::vector<int64_t> seen_pixels(int64_t size, int64_t grown, int64_t pad) {
  std::vector<int64_t> from;
  const float scale = static_cast<float>(size) / static_cast<float>(grown);
  for (int64_t p = -pad; p < grown + pad; ++p) {
    const int64_t i = p < 0 ? -p : p >= grown ? 2 * grown - 2 - p : p;
    const int64_t nearest = grown == size ? i
                            : grown == 2 * size
                                ? i / 2
                                : static_cast<int64_t>(std::floor(static_cast<float>(i) * scale));
    from.push_back(std::min(nearest, size - 1));
  }
  return from;
}

// A convolution as the kernels are told of it. Not to be moved: `shape` points into it.
struct Mirrored {
  Mirrored(const Tensor& x, const Tensor& weight, const MirrorGeometry& g, bool whole)
      : rows(seen_pixels(x.size(2), g.height > 0 ? g.height : x.size(2), weight.size(2) / 2)),
        columns(seen_pixels(x.size(3), g.width > 0 ? g.width : x.size(3), weight.size(2) / 2)),
        source{x.size(2), x.size(3), rows.data(), columns.data()},
        shape{.batch = x.size(0),
              .height = static_cast<int64_t>(rows.size()),
              .width = static_cast<int64_t>(columns.size()),
              .in = x.size(1),
              .out = whole ? whole_blocks(weight.size(0)) : weight.size(0),
              .kernel = weight.size(2),
              .stride = g.stride,
              .padding = 0,
              .weight_in = weight.size(1),
              .weight_out = weight.size(0),
              .source = &source} {
    LIKEWISE_CHECK(kernels::conv_method(shape, ConvPart::kForward) != kernels::ConvMethod::kNone,
                   "no kernel for a mirrored convolution of {} to {} channels", shape.in,
                   shape.out);
    LIKEWISE_CHECK(shape.in == weight.size(1) || shape.in == whole_blocks(weight.size(1)),
                   "{} channels in memory for weights of {}", shape.in, weight.size(1));
  }
  Mirrored(const Mirrored&) = delete;
  Mirrored& operator=(const Mirrored&) = delete;

  kernels::ConvMethod method(ConvPart part) const { return kernels::conv_method(shape, part); }

  std::vector<int64_t> rows, columns;
  kernels::ConvSource source;
  ConvShape shape;
};

kernels::ConvWeights taps_of(const Tensor& weight) {
  return {weight.data_ptr<float>(), weight.stride(0), weight.stride(1), weight.stride(2),
          weight.stride(3)};
}

Tensor new_pixels(int64_t batch, int64_t channels, int64_t height, int64_t width) {
  return channels_last(at::empty(
      {batch, channels, height, width},
      at::TensorOptions().dtype(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast)));
}

struct MirrorConvFunction : torch::autograd::Function<MirrorConvFunction> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x,
                        const Tensor& weight, int64_t stride, int64_t height, int64_t width,
                        bool whole) {
    const Mirrored m(x, weight, {stride, height, width}, whole);
    Tensor y = new_pixels(m.shape.batch, m.shape.out, m.shape.out_height(), m.shape.out_width());
    kernels::conv_forward(m.shape, m.method(ConvPart::kForward), x.data_ptr<float>(),
                          taps_of(weight), y.data_ptr<float>(), over_images);
    context->save_for_backward({x, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["height"] = height;
    context->saved_data["width"] = width;
    context->saved_data["whole"] = whole;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const MirrorGeometry geometry{context->saved_data["stride"].toInt(),
                                  context->saved_data["height"].toInt(),
                                  context->saved_data["width"].toInt()};
    const bool whole = context->saved_data["whole"].toBool();
    const bool by_x = context->needs_input_grad(0), by_weight = context->needs_input_grad(1);
    torch::autograd::variable_list gradients(6);
    if (at::GradMode::is_enabled()) {  // a graph of the gradient is wanted
      torch::autograd::variable_list inputs;
      if (by_x) inputs.push_back(x);
      if (by_weight) inputs.push_back(weight);
      const auto found =
          torch::autograd::grad({plain_mirror_conv(x, weight, geometry, whole)}, inputs,
                                {upstream[0]}, c10::nullopt, /*create_graph=*/true);
      if (by_x) gradients[0] = found.front();
      if (by_weight) gradients[1] = found.back();
      return gradients;
    }
    const Mirrored m(x, weight, geometry, whole);
    const Tensor dy = channels_last(upstream[0]);
    if (by_x) {
      const Tensor mirrored = new_pixels(m.shape.batch, m.shape.in, m.shape.height, m.shape.width);
      kernels::conv_backward_data(m.shape, m.method(ConvPart::kBackwardData), dy.data_ptr<float>(),
                                  taps_of(weight), mirrored.data_ptr<float>(), over_images);
      gradients[0] = new_pixels(x.size(0), x.size(1), x.size(2), x.size(3));
      kernels::conv_fold(m.source, m.shape.batch, m.shape.height, m.shape.width, m.shape.in,
                         mirrored.data_ptr<float>(), gradients[0].data_ptr<float>(), over_images);
    }
    if (by_weight) {
      gradients[1] = at::empty_like(weight);
      kernels::conv_backward_weights(
          m.shape, m.method(ConvPart::kBackwardWeights), x.data_ptr<float>(), dy.data_ptr<float>(),
          taps_of(gradients[1]), gradients[1].data_ptr<float>(), over_images);
    }
    return gradients;
  }
};

Tensor run_mirrored(const Tensor& x, const Tensor& weight, const MirrorGeometry& g, bool whole) {
  Tensor y =
      MirrorConvFunction::apply(channels_last(x), weight, g.stride, g.height, g.width, whole);
  MultiplyAddCounter::add(y.numel() / y.size(1) * weight.numel());
  return y;
}

}  // namespace

int64_t whole_blocks(int64_t channels) {
  return (channels + kChannelBlock - 1) / kChannelBlock * kChannelBlock;
}

bool has_own_mirror_conv(const Tensor& x) {
  if (x.dim() != 4 || !x.device().is_cpu() || x.scalar_type() != at::kFloat) return false;
  return x.size(1) <= kFewChannels && !autocast_enabled(at::kCPU) &&
         kernels::best_simd() != kernels::Simd::kPortable;
}

Tensor mirror_conv(const Tensor& x, const Tensor& weight, const MirrorGeometry& geometry) {
  return run_mirrored(x, weight, geometry, true);
}

Tensor mirror_conv_few(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return run_mirrored(x, weight, {}, false) + bias.view({1, -1, 1, 1});
}

Tensor plain_mirror_conv(const Tensor& x, const Tensor& weight, const MirrorGeometry& g,
                         bool whole) {
  Tensor in = x.narrow(1, 0, weight.size(1));
  if (g.height > 0) in = at::upsample_nearest2d(in, {g.height, g.width});
  const int64_t pad = weight.size(2) / 2;
  const Tensor y = at::conv2d(at::reflection_pad2d(in, {pad, pad, pad, pad}), weight, {},
                              at::IntArrayRef{g.stride, g.stride});
  const int64_t more = whole ? whole_blocks(y.size(1)) - y.size(1) : 0;
  return more > 0 ? at::constant_pad_nd(y, {0, 0, 0, 0, 0, more}) : y;
}

namespace {

struct WithChannel : torch::autograd::Function<WithChannel> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x,
                        const Tensor& more, int64_t channels) {
    const int64_t all = whole_blocks(channels + 1), from = x.size(1), area = x.size(2) * x.size(3);
    Tensor y = new_pixels(x.size(0), all, x.size(2), x.size(3));
    const float *in = x.data_ptr<float>(), *extra = more.data_ptr<float>();
    float* out = y.data_ptr<float>();
    at::parallel_for(0, x.size(0) * area, 1024, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        float* to = out + p * all;
        std::copy_n(in + p * from, channels, to);
        to[channels] = extra[p];
        std::fill(to + channels + 1, to + all, 0.0F);
      }
    });
    context->saved_data["channels"] = channels;
    context->saved_data["from"] = from;
    return y;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    const int64_t channels = context->saved_data["channels"].toInt();
    const int64_t from = context->saved_data["from"].toInt();
    const Tensor some = upstream[0].narrow(1, 0, channels);
    const Tensor by_more =
        context->needs_input_grad(1) ? upstream[0].narrow(1, channels, 1) : Tensor();
    return {from > channels ? at::constant_pad_nd(some, {0, 0, 0, 0, 0, from - channels}) : some,
            by_more, Tensor()};
  }
};

}  // namespace

Tensor with_channel(const Tensor& x, int64_t channels, const Tensor& more) {
  return WithChannel::apply(channels_last(x), more.contiguous(), channels);
}

}  // namespace likewise::detail
