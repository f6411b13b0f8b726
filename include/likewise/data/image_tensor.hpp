#pragma once
// Images as tensors and back.

#include "likewise/formats/image.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// Interleaved rows to uint8 [C, H, W].
Tensor to_tensor(const Image& image);

// uint8 [C, H, W] with C = 1 or 3 (or [H, W]) to interleaved rows. Throws LIKEWISE_CHECK's error
// for another type or shape.
Image to_image(const Tensor& x);

}  // namespace likewise
