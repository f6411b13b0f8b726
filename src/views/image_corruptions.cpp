#include "views/image_corruptions.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/round.h>

#include <algorithm>

#include "likewise/base/error.hpp"
#include "likewise/views/geometry.hpp"
#include "views/canvas.hpp"
#include "views/image_tensor.hpp"

namespace likewise {

namespace {

using Change = void (*)(detail::Canvas&, int, Rng&);

void check_severity(const char* name, int severity) {
  if (severity < 1 || severity > kSeverities) {
    throw UserError("{}: severity {}; accepted is 1 to {}", name, severity, kSeverities);
  }
}

// x uint8 or float [C, H, W] -> float in [0, 1].
Tensor changed(const Tensor& x, Change change, int severity, Rng& rng) {
  const Tensor image = to_float(checked_image(x, "corrupt", true)).contiguous();
  detail::Canvas canvas(image.size(0), image.size(1), image.size(2));
  std::copy_n(pixels(image), image.numel(), canvas.values.begin());
  change(canvas, severity - 1, rng);
  const Tensor out = new_image_like(image);
  std::transform(canvas.values.begin(), canvas.values.end(), pixels(out),
                 [](float value) { return std::clamp(value, 0.0F, 1.0F); });
  return out;
}

// The view keeps the type: bytes for bytes.
template <Change change>
View make(int severity, double) {
  check_severity("a corruption", severity);
  return [severity](const Tensor& x, Rng& rng) {
    const Tensor out = changed(x, change, severity, rng);
    return x.scalar_type() == at::kByte ? at::round(out * 255).to(at::kByte) : out;
  };
}

template <Change change>
Corruption row(const char* name, const char* group, const char* summary) {
  return {Modality::image, name, group, summary, make<change>};
}

}  // namespace

std::vector<Corruption> detail::image_corruptions() {
  return {row<gaussian_noise>("gaussian_noise", "noise", "deviation 0.04 to 0.1"),
          row<shot_noise>("shot_noise", "noise", "few photons"),
          row<impulse_noise>("impulse_noise", "noise", "1 to 7 % of the values are black or white"),
          row<defocus_blur>("defocus_blur", "blur", "a disk"),
          row<glass_blur>("glass_blur", "blur", "neighbours change places"),
          row<motion_blur>("motion_blur", "blur", "along a line"),
          row<zoom_blur>("zoom_blur", "blur", "towards the middle"),
          row<snow>("snow", "weather", "flakes that fall"),
          row<frost>("frost", "weather", "ice crystals, synthetic"),
          row<fog>("fog", "weather", "clouds"),
          row<brighter>("brightness", "weather", "brighter by 0.05 to 0.3"),
          row<less_contrast>("contrast", "digital", "0.75 to 0.15 of it"),
          row<elastic>("elastic", "digital", "smoothly distorted"),
          row<pixelate>("pixelate", "digital", "fewer pixels"),
          row<jpeg_compression>("jpeg", "digital", "quality 80 to 40")};
}

Tensor corrupt(const Tensor& x, const std::string& name, int severity, Rng& rng) {
  const Corruption& kind = find_corruption(Modality::image, name);
  check_severity(kind.name, severity);
  return kind.make(severity, 0)(to_float(checked_image(x, "corrupt", true)).contiguous(), rng);
}

}  // namespace likewise
