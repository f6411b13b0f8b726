#include "likewise/views/erase.hpp"

#include <algorithm>

#include "kernels/image/noise.hpp"
#include "likewise/base/error.hpp"
#include "views/image_tensor.hpp"

namespace likewise {

Tensor erase(const Tensor& x, int64_t top, int64_t left, int64_t height, int64_t width,
             double value) {
  const Tensor image = checked_image(x, "erase");
  const int64_t rows = image.size(1), columns = image.size(2);
  if (top < 0 || left < 0 || height < 0 || width < 0 || top + height > rows ||
      left + width > columns) {
    throw UserError("erase: the box of {} x {} at ({}, {}) does not lie in the image of {} x {}",
                    height, width, top, left, rows, columns);
  }
  Tensor result = new_image_like(image);
  std::copy(pixels(image), pixels(image) + image.numel(), pixels(result));
  for (int64_t c = 0; c < image.size(0); ++c) {
    for (int64_t y = top; y < top + height; ++y) {
      std::fill_n(pixels(result) + (c * rows + y) * columns + left, width,
                  static_cast<float>(value));
    }
  }
  return result;
}

Tensor add_noise(const Tensor& x, double sigma, Rng& rng) {
  const Tensor image = checked_image(x, "add_noise");
  if (!(sigma >= 0.0)) throw UserError("add_noise: sigma is {}; accepted is 0 and more", sigma);
  Tensor result = new_image_like(image);
  kernels::add_normal(pixels(image), pixels(result), image.numel(), static_cast<float>(sigma), rng);
  return result;
}

}  // namespace likewise
