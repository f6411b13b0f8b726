#include "likewise/views/colour.hpp"

#include <algorithm>

#include "kernels/image/colour.hpp"
#include "likewise/base/error.hpp"
#include "views/image_tensor.hpp"

namespace likewise {
namespace {

void check_factor(const char* view, double factor) {
  if (!(factor >= 0.0))
    throw UserError("{}: the factor is {}; accepted is 0 and more", view, factor);
}

}  // namespace

Tensor brightness(const Tensor& x, double factor) {
  check_factor("brightness", factor);
  const Tensor image = checked_image(x, "brightness");
  Tensor result = new_image_like(image);
  kernels::brightness(pixels(image), pixels(result), image.numel(), static_cast<float>(factor));
  return result;
}

Tensor contrast(const Tensor& x, double factor) {
  check_factor("contrast", factor);
  const Tensor image = checked_image(x, "contrast");
  Tensor result = new_image_like(image);
  kernels::contrast(pixels(image), pixels(result), shape_of(image), static_cast<float>(factor));
  return result;
}

Tensor saturation(const Tensor& x, double factor) {
  check_factor("saturation", factor);
  const Tensor image = checked_image(x, "saturation");
  if (image.size(0) == 1) return image;
  Tensor result = new_image_like(image);
  kernels::saturation(pixels(image), pixels(result), shape_of(image).plane(),
                      static_cast<float>(factor));
  return result;
}

Tensor hue(const Tensor& x, double turns) {
  if (!(turns >= -0.5 && turns <= 0.5)) {
    throw UserError("hue: the turn is {}; accepted is -0.5 to 0.5", turns);
  }
  const Tensor image = checked_image(x, "hue");
  if (image.size(0) == 1) return image;
  Tensor result = new_image_like(image);
  kernels::hue(pixels(image), pixels(result), shape_of(image).plane(), static_cast<float>(turns));
  return result;
}

Tensor grayscale(const Tensor& x) {
  const Tensor image = checked_image(x, "grayscale");
  if (image.size(0) == 1) return image;
  Tensor result = new_image_like(image);
  const int64_t plane = shape_of(image).plane();
  float* grey = pixels(result);
  kernels::luma(pixels(image), grey, plane);
  std::copy(grey, grey + plane, grey + plane);
  std::copy(grey, grey + plane, grey + 2 * plane);
  return result;
}

Tensor solarize(const Tensor& x, double threshold) {
  const Tensor image = checked_image(x, "solarize");
  Tensor result = new_image_like(image);
  kernels::solarize(pixels(image), pixels(result), image.numel(), static_cast<float>(threshold));
  return result;
}

Tensor gamma(const Tensor& x, double exponent) {
  if (!(exponent > 0.0)) throw UserError("gamma: the exponent is {}; accepted is > 0", exponent);
  const Tensor image = checked_image(x, "gamma");
  Tensor result = new_image_like(image);
  kernels::gamma(pixels(image), pixels(result), image.numel(), static_cast<float>(exponent));
  return result;
}

Tensor to_channels(const Tensor& x, int64_t channels) {
  const Tensor image = checked_image(x, "to_channels");
  if (channels != 1 && channels != 3) {
    throw UserError("to_channels: asked for {} channels; accepted is 1 or 3", channels);
  }
  if (image.size(0) == channels) return image;
  const int64_t plane = shape_of(image).plane();
  Tensor result = new_image(channels, image.size(1), image.size(2));
  if (channels == 1) {
    kernels::luma(pixels(image), pixels(result), plane);
  } else {
    for (int64_t c = 0; c < 3; ++c) {
      std::copy(pixels(image), pixels(image) + plane, pixels(result) + c * plane);
    }
  }
  return result;
}

Tensor normalise(const Tensor& x, const std::vector<double>& mean, const std::vector<double>& std) {
  const Tensor image = checked_image(x, "normalise");
  const auto channels = static_cast<size_t>(image.size(0));
  const bool fits = (mean.size() == channels || mean.size() == 1) && std.size() == mean.size();
  if (!fits || std::any_of(std.begin(), std.end(), [](double s) { return !(s > 0.0); })) {
    throw UserError(
        "normalise: {} means and {} deviations for {} channels; accepted is one of "
        "each, or one a channel, with deviations above 0",
        mean.size(), std.size(), channels);
  }
  Tensor result = new_image_like(image);
  const int64_t plane = shape_of(image).plane();
  for (size_t c = 0; c < channels; ++c) {
    const size_t which = mean.size() == 1 ? 0 : c;
    const int64_t begin = static_cast<int64_t>(c) * plane;
    kernels::scale_shift(pixels(image) + begin, pixels(result) + begin, plane,
                         static_cast<float>(1.0 / std[which]),
                         static_cast<float>(-mean[which] / std[which]));
  }
  return result;
}

}  // namespace likewise
