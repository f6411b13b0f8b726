#include "likewise/views/random_views.hpp"

#include <ATen/ops/clamp.h>

#include <algorithm>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/views/colour.hpp"
#include "likewise/views/erase.hpp"
#include "likewise/views/filters.hpp"
#include "views/draws.hpp"

namespace likewise {
namespace {

void check_probability(const char* view, double probability) {
  if (!(probability >= 0.0 && probability <= 1.0)) {
    throw UserError("{}: the probability is {}; accepted is 0 to 1", view, probability);
  }
}

void check_strength(const char* view, const char* what, double strength, double most) {
  if (!(strength >= 0.0 && strength <= most)) {
    throw UserError("{}: {} is {}; accepted is 0 to {}", view, what, strength, most);
  }
}

}  // namespace

CropBox draw_crop(int64_t height, int64_t width, double area_low, double area_high,
                  double ratio_low, double ratio_high, Rng& rng) {
  const auto rows = static_cast<double>(height), columns = static_cast<double>(width);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = rows * columns * rng.uniform(area_low, area_high);
    const double ratio = std::exp(rng.uniform(std::log(ratio_low), std::log(ratio_high)));
    const auto w = static_cast<int64_t>(std::lround(std::sqrt(area * ratio)));
    const auto h = static_cast<int64_t>(std::lround(std::sqrt(area / ratio)));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const int64_t top = rng.below(height - h + 1);
    return {top, rng.below(width - w + 1), h, w};
  }
  int64_t w = width, h = height;
  if (columns / rows < ratio_low) {
    h = std::clamp(static_cast<int64_t>(std::lround(columns / ratio_low)), int64_t{1}, height);
  } else if (columns / rows > ratio_high) {
    w = std::clamp(static_cast<int64_t>(std::lround(rows * ratio_high)), int64_t{1}, width);
  }
  return {(height - h) / 2, (width - w) / 2, h, w};
}

View random_resized_crop(int64_t size, double area_low, double area_high,
                         Interpolation interpolation) {
  if (!(area_low > 0.0 && area_low <= area_high && area_high <= 1.0)) {
    throw UserError("random_resized_crop: areas {} to {}; accepted is 0 < low <= high <= 1",
                    area_low, area_high);
  }
  return [=](const Tensor& x, Rng& rng) {
    const CropBox box =
        draw_crop(x.size(1), x.size(2), area_low, area_high, 3.0 / 4.0, 4.0 / 3.0, rng);
    const Tensor y =
        resized_crop(x, box.top, box.left, box.height, box.width, size, size, interpolation);
    return interpolation == Interpolation::bicubic ? at::clamp(y, 0.0, 1.0) : y;
  };
}

View crop_square(int64_t size, double part) {
  if (!(part > 0.0 && part <= 1.0)) {
    throw UserError("crop_square: the part is {}; accepted is above 0, up to 1", part);
  }
  return [=](const Tensor& x, Rng&) {
    const int64_t shorter = std::min(x.size(1), x.size(2));
    const int64_t side = std::max(
        int64_t{1}, static_cast<int64_t>(std::lround(static_cast<double>(shorter) * part)));
    if (x.size(1) == size && x.size(2) == size && side == size) return to_float(x);
    return resized_crop(x, (x.size(1) - side) / 2, (x.size(2) - side) / 2, side, side, size, size);
  };
}

View pad_square(int64_t size, double fill) {
  return [=](const Tensor& x, Rng&) {
    if (x.size(1) == size && x.size(2) == size) return to_float(x);
    if (x.size(1) == x.size(2)) return resize(x, size, size);
    return resize(pad_to_square(x, fill), size, size);
  };
}

View random_flip(double probability) {
  check_probability("random_flip", probability);
  return
      [=](const Tensor& x, Rng& rng) { return rng.chance(probability) ? flip_horizontal(x) : x; };
}

View colour_jitter(double probability, const JitterStrength& strength) {
  check_probability("colour_jitter", probability);
  check_strength("colour_jitter", "brightness", strength.brightness, 100.0);
  check_strength("colour_jitter", "contrast", strength.contrast, 100.0);
  check_strength("colour_jitter", "saturation", strength.saturation, 100.0);
  check_strength("colour_jitter", "hue", strength.hue, 0.5);
  return [=](const Tensor& x, Rng& rng) {
    const auto jitter = draw_jitter(probability, strength, rng);
    if (!jitter) return x;
    Tensor y = x;
    for (int step : jitter->order) {
      if (step == 0 && strength.brightness > 0.0) y = brightness(y, jitter->amount[0]);
      if (step == 1 && strength.contrast > 0.0) y = contrast(y, jitter->amount[1]);
      if (step == 2 && strength.saturation > 0.0) y = saturation(y, jitter->amount[2]);
      if (step == 3 && strength.hue > 0.0) y = hue(y, jitter->amount[3]);
    }
    return y;
  };
}

View random_gray(double probability) {
  check_probability("random_gray", probability);
  return [=](const Tensor& x, Rng& rng) { return rng.chance(probability) ? grayscale(x) : x; };
}

View random_blur(double probability, double sigma_low, double sigma_high, int64_t kernel) {
  check_probability("random_blur", probability);
  if (!(sigma_low > 0.0 && sigma_low <= sigma_high) || kernel < 0 ||
      (kernel > 0 && kernel % 2 == 0)) {
    throw UserError(
        "random_blur: sigma {} to {} and kernel {}; accepted is 0 < low <= high and an "
        "odd kernel, or 0",
        sigma_low, sigma_high, kernel);
  }
  return [=](const Tensor& x, Rng& rng) {
    const auto sigma = draw_blur(probability, sigma_low, sigma_high, rng);
    return sigma ? gaussian_blur(x, kernel > 0 ? kernel : blur_kernel(x.size(1)), *sigma) : x;
  };
}

View random_solarize(double probability, double threshold) {
  check_probability("random_solarize", probability);
  return [=](const Tensor& x, Rng& rng) {
    return rng.chance(probability) ? solarize(x, threshold) : x;
  };
}

View random_affine(const AffineStrength& strength, double fill) {
  check_strength("random_affine", "the rotation", strength.degrees, 180.0);
  check_strength("random_affine", "the scale", strength.log_scale, 10.0);
  check_strength("random_affine", "the shear", strength.shear, 10.0);
  check_strength("random_affine", "the shift", strength.translate, 1.0);
  return [=](const Tensor& x, Rng& rng) {
    const AffineMap map = draw_affine(strength, x.size(1), x.size(2), rng);
    return affine(x, map, Interpolation::bilinear, fill);
  };
}

View random_stroke(double probability, bool dark_strokes) {
  check_probability("random_stroke", probability);
  return [=](const Tensor& x, Rng& rng) -> Tensor {
    switch (draw_stroke(probability, rng)) {
      case Stroke::thicker:
        return dark_strokes ? erode(x) : dilate(x);
      case Stroke::thinner:
        return dark_strokes ? dilate(x) : erode(x);
      case Stroke::outline:
        return dark_strokes ? outline(x).neg_().add_(1.0) : outline(x);
      case Stroke::blurred:
        return box_blur(x);
      case Stroke::same:
        break;
    }
    return x;
  };
}

View random_gamma(double log_strength) {
  check_strength("random_gamma", "the strength", log_strength, 5.0);
  return [=](const Tensor& x, Rng& rng) {
    return gamma(x, std::exp(draw_symmetric(rng, log_strength)));
  };
}

View random_noise(double sigma_high) {
  check_strength("random_noise", "sigma", sigma_high, 10.0);
  return [=](const Tensor& x, Rng& rng) {
    const double sigma = rng.uniform(0.0, sigma_high);
    return add_noise(x, sigma, rng);
  };
}

View cut_out(double probability, double side, double value) {
  check_probability("cut_out", probability);
  check_strength("cut_out", "the side", side, 1.0);
  return [=](const Tensor& x, Rng& rng) {
    const auto box = draw_cut_out(probability, side, x.size(1), x.size(2), rng);
    return box ? erase(x, box->top, box->left, box->side, box->side, value) : x;
  };
}

}  // namespace likewise
