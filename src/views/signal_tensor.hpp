#pragma once
// What the views of waves and series share: checking and walking over channels.

#include <ATen/ops/empty.h>

#include "likewise/base/error.hpp"
#include "likewise/tensor.hpp"

namespace likewise::detail {

// Contiguous float [C, T]; throws UserError for anything else.
inline Tensor checked_signal(const Tensor& x) {
  if (x.dim() != 2 || x.scalar_type() != at::kFloat || x.numel() == 0) {
    throw UserError(
        "a view of waves takes float [C, T] with at least one frame; found {} dimensions of {}",
        x.dim(), c10::toString(x.scalar_type()));
  }
  return x.contiguous();
}

// A new signal: `make` fills each row of `length` from each row of x.
template <class Make>
Tensor each_channel(const Tensor& x, int64_t length, Make&& make) {
  const Tensor in = checked_signal(x);
  const int64_t channels = in.size(0), frames = in.size(1);
  Tensor out = at::empty({channels, length}, at::kFloat);
  for (int64_t c = 0; c < channels; ++c) {
    make(in.data_ptr<float>() + c * frames, frames, out.data_ptr<float>() + c * length);
  }
  return out;
}

inline void check_unit(const char* view, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    throw UserError("{}: {} is not in [{}, {}]", view, value, low, high);
  }
}

}  // namespace likewise::detail
