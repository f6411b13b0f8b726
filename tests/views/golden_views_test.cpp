// The elementary views against torchvision's float results.
#include <gtest/gtest.h>

#include <functional>

#include "image_support.hpp"
#include "likewise/views/colour.hpp"
#include "likewise/views/erase.hpp"
#include "likewise/views/filters.hpp"
#include "likewise/views/geometry.hpp"
#include "support/golden.hpp"

namespace likewise {
namespace {

using Json = nlohmann::json;
using Apply = std::function<Tensor(const Tensor&, const Json& options)>;

Tensor golden_image(const Golden& golden, const std::string& which, at::ScalarType type) {
  const auto& shape = golden.shape("images/" + which);
  Tensor x = at::empty({shape[0], shape[1], shape[2]}, at::kByte);
  const auto bytes = golden.integers("images/" + which);
  for (size_t i = 0; i < bytes.size(); ++i) {
    x.data_ptr<uint8_t>()[i] = static_cast<uint8_t>(bytes[i]);
  }
  return type == at::kByte ? x : to_float(x);
}

// Applies `apply` to every case whose name begins with `prefix`; there must be `count` of them.
void check_cases(const std::string& prefix, int count, const Apply& apply, bool bytes = false) {
  const Golden golden("views");
  int found = 0;
  for (const std::string& name : golden.entries()) {
    if (name.rfind(prefix, 0) != 0) continue;
    const Json& entry = golden.entry(name);
    const Json& options = entry.at("options");
    const Tensor x = golden_image(golden, options.at("image"), bytes ? at::kByte : at::kFloat);
    const double tolerance = entry.at("tolerance").at("f32").at("atol");
    const Tensor got = apply(x, options);
    const auto& shape = golden.shape(name, "out");
    EXPECT_EQ(got.sizes().vec(), shape) << name;
    expect_near(got, golden.values(name, "out"), tolerance, name);
    ++found;
  }
  EXPECT_EQ(found, count) << prefix;
}

Tensor crop_of(const Tensor& x, const Json& o) {
  return resized_crop(
      x, o.at("top"), o.at("left"), o.at("height"), o.at("width"), o.at("size").at(0),
      o.at("size").at(1),
      o.at("interpolation") == "bicubic" ? Interpolation::bicubic : Interpolation::bilinear,
      o.at("antialias"));
}

TEST(GoldenViews, ResizedCropEqualsTorchvision) { check_cases("resized_crop_", 10, crop_of); }

TEST(GoldenViews, ResizedCropOfBytesEqualsThatOfFloats) {
  check_cases("resized_crop_", 10, crop_of, true);
}

TEST(GoldenViews, ColoursEqualTorchvision) {
  check_cases("brightness_", 3,
              [](const Tensor& x, const Json& o) { return brightness(x, o.at("factor")); });
  check_cases("contrast_", 3,
              [](const Tensor& x, const Json& o) { return contrast(x, o.at("factor")); });
  check_cases("saturation_", 4,
              [](const Tensor& x, const Json& o) { return saturation(x, o.at("factor")); });
  check_cases("hue_", 4, [](const Tensor& x, const Json& o) { return hue(x, o.at("factor")); });
  check_cases("solarize_", 2,
              [](const Tensor& x, const Json& o) { return solarize(x, o.at("threshold")); });
  check_cases("color_jitter_chain", 1, [](const Tensor& x, const Json& o) {
    return hue(saturation(contrast(brightness(x, o.at("brightness")), o.at("contrast")),
                          o.at("saturation")),
               o.at("hue"));
  });
}

TEST(GoldenViews, GrayscaleEqualsTorchvision) {
  check_cases("grayscale_", 2, [](const Tensor& x, const Json& o) {
    return o.at("channels") == 1 ? to_channels(x, 1) : grayscale(x);
  });
}

TEST(GoldenViews, GaussianBlurEqualsTorchvision) {
  check_cases("gaussian_blur_", 5, [](const Tensor& x, const Json& o) {
    return gaussian_blur(x, o.at("kernel"), o.at("sigma"));
  });
}

TEST(GoldenViews, AffineEqualsTorchvision) {
  check_cases("affine_", 4, [](const Tensor& x, const Json& o) {
    const AffineMap map = affine_map(o.at("angle"), o.at("translate_x"), o.at("translate_y"),
                                     o.at("scale"), o.at("shear_x"), o.at("shear_y"));
    const bool filled = !o.at("fill").is_null();
    return affine(
        x, map,
        o.at("interpolation") == "nearest" ? Interpolation::nearest : Interpolation::bilinear,
        filled ? o.at("fill").get<double>() : 0.0, filled ? Border::squared_mask : Border::blend);
  });
}

TEST(GoldenViews, FlipsAndEraseEqualTorchvision) {
  check_cases("flip_horizontal", 1,
              [](const Tensor& x, const Json&) { return flip_horizontal(x); });
  check_cases("flip_vertical", 1, [](const Tensor& x, const Json&) { return flip_vertical(x); });
  check_cases("erase", 1, [](const Tensor& x, const Json& o) {
    return erase(x, o.at("top"), o.at("left"), o.at("height"), o.at("width"), o.at("value"));
  });
}

TEST(GoldenViews, NormaliseEqualsTorchvision) {
  check_cases("normalize_", 2, [](const Tensor& x, const Json& o) {
    return o.at("which") == "cifar"
               ? normalise(x, {0.4914, 0.4822, 0.4465}, {0.247, 0.2435, 0.2616})
               : normalise(x, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});
  });
}

TEST(GoldenViews, QuarterTurnsEqualTorchvision) {
  const Golden golden("views");
  const Tensor x = golden_image(golden, "wide", at::kFloat);
  for (int quarters : {1, 2, 3}) {
    const std::string name = "rotate_" + std::to_string(90 * quarters);
    auto expected = golden.values(name, "out_u8");
    for (double& v : expected) v /= 255.0;
    const Tensor got = rotate90(x, quarters);
    EXPECT_EQ(got.sizes().vec(), golden.shape(name, "out_u8")) << name;
    expect_near(got, expected, 1e-6, name);
  }
}

}  // namespace
}  // namespace likewise
