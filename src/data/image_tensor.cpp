#include "likewise/data/image_tensor.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "likewise/base/error.hpp"

namespace likewise {

Tensor to_tensor(const Image& image) {
  Tensor x = at::empty({image.channels, image.height, image.width}, at::kByte);
  uint8_t* out = x.data_ptr<uint8_t>();
  const int64_t area = image.height * image.width;
  const uint8_t* in = image.pixels.data();
  if (image.channels == 1) {
    std::copy_n(in, area, out);
    return x;
  }
  LIKEWISE_CHECK(image.channels == 3, "{} channels", image.channels);
  for (int64_t i = 0; i < area; ++i) {
    out[i] = in[3 * i];
    out[area + i] = in[3 * i + 1];
    out[2 * area + i] = in[3 * i + 2];
  }
  return x;
}

Tensor decode_tensor(std::span<const uint8_t> bytes, const std::string& name,
                     const Window& window) {
  Tensor x;
  const auto room = [&x](int64_t channels, int64_t height, int64_t width) {
    x = at::empty({channels, height, width}, at::kByte);
    return x.data_ptr<uint8_t>();
  };
  decode_planes(bytes, name, room, window);
  return x;
}

Image to_image(const Tensor& x) {
  const bool flat = x.dim() == 2;
  const int64_t channels = flat ? 1 : x.dim() == 3 ? x.size(0) : 0;
  LIKEWISE_CHECK(x.scalar_type() == at::kByte && (channels == 1 || channels == 3),
                 "an image tensor is uint8 [1 or 3, H, W], this one has {} dimensions and {} "
                 "channels",
                 x.dim(), channels);
  const Tensor dense = x.contiguous();
  Image image;
  image.channels = channels;
  image.height = dense.size(-2);
  image.width = dense.size(-1);
  const int64_t area = image.height * image.width;
  image.pixels.resize(static_cast<size_t>(area * channels));
  const uint8_t* in = dense.data_ptr<uint8_t>();
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < area; ++i) {
      image.pixels[static_cast<size_t>(i * channels + c)] = in[c * area + i];
    }
  }
  return image;
}

}  // namespace likewise
