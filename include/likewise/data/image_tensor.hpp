#pragma once
// Images as tensors and back.

#include "likewise/formats/image.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// Interleaved rows to uint8 [C, H, W].
Tensor to_tensor(const Image& image);

// decode_planes into a tensor: uint8 [C, H, W].
Tensor decode_tensor(std::span<const uint8_t> bytes, const std::string& name,
                     const Window& window = {});

// uint8 [C, H, W] with C = 1 or 3 (or [H, W]) to interleaved rows. Throws LIKEWISE_CHECK's error
// for another type or shape.
Image to_image(const Tensor& x);

}  // namespace likewise
