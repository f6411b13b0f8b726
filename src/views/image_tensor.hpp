#pragma once
// From tensors to the kernels' pointers, with the checks that every elementary view makes.

#include "kernels/image/shape.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// Throws UserError, naming `view`, unless x is [C, H, W] of float (or uint8 where `allow_bytes`),
// C = 1 or 3, at least one pixel, on the CPU. Returns it contiguous.
Tensor checked_image(const Tensor& x, const char* view, bool allow_bytes = false);

kernels::ImageShape shape_of(const Tensor& image);  // of a checked image

Tensor new_image(int64_t channels, int64_t height, int64_t width);  // float, not initialised
inline Tensor new_image_like(const Tensor& x) { return new_image(x.size(0), x.size(1), x.size(2)); }

inline float* pixels(const Tensor& x) { return x.data_ptr<float>(); }

}  // namespace likewise
