#include "likewise/nn/memory_format.hpp"

#include <c10/core/GradMode.h>

#include <array>

namespace likewise {

Tensor channels_last(const Tensor& x) {
  if (x.dim() != 4) return x;
  const int64_t c = x.size(1), h = x.size(2), w = x.size(3);
  const std::array<int64_t, 4> strides{h * w * c, 1, w * c, c};
  if (x.strides() == at::IntArrayRef(strides)) return x;
  // is_contiguous(ChannelsLast) ignores strides of dimensions of length 1: when it holds the bytes
  // are in order and only the strides are to be said again.
  const Tensor y = x.contiguous(at::MemoryFormat::ChannelsLast);
  if (y.strides() == at::IntArrayRef(strides)) return y;
  return y.as_strided(x.sizes(), strides);
}

void to_channels_last(torch::nn::Module& module) {
  const c10::NoGradGuard no_grad;
  for (Tensor& parameter : module.parameters()) {
    if (parameter.dim() == 4) parameter.set_data(channels_last(parameter.detach()));
  }
}

}  // namespace likewise
