#include "likewise/views/filters.hpp"

#include "kernels/image/blur.hpp"
#include "kernels/image/morphology.hpp"
#include "likewise/base/error.hpp"
#include "views/image_tensor.hpp"

namespace likewise {

Tensor gaussian_blur(const Tensor& x, int64_t kernel, double sigma) {
  const Tensor image = checked_image(x, "gaussian_blur");
  if (kernel < 1 || kernel % 2 == 0 || !(sigma > 0.0)) {
    throw UserError(
        "gaussian_blur: kernel {} and sigma {}; accepted is an odd kernel and sigma > 0", kernel,
        sigma);
  }
  Tensor result = new_image_like(image);
  kernels::gaussian_blur(pixels(image), shape_of(image), kernel, sigma, pixels(result));
  return result;
}

Tensor box_blur(const Tensor& x) {
  const Tensor image = checked_image(x, "box_blur");
  Tensor result = new_image_like(image);
  kernels::box_blur3(pixels(image), shape_of(image), pixels(result));
  return result;
}

Tensor dilate(const Tensor& x) {
  const Tensor image = checked_image(x, "dilate");
  Tensor result = new_image_like(image);
  kernels::dilate3(pixels(image), shape_of(image), pixels(result));
  return result;
}

Tensor erode(const Tensor& x) {
  const Tensor image = checked_image(x, "erode");
  Tensor result = new_image_like(image);
  kernels::erode3(pixels(image), shape_of(image), pixels(result));
  return result;
}

Tensor outline(const Tensor& x) {
  Tensor result = dilate(x);
  const Tensor inner = erode(x);
  float* line = pixels(result);
  const float* thin = pixels(inner);
  for (int64_t i = 0; i < result.numel(); ++i) line[i] -= thin[i];
  return result;
}

}  // namespace likewise
