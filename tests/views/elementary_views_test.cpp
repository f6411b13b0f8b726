// Elementary views: slow twins, closed forms, one-pixel and one-channel images, errors.
#include <gtest/gtest.h>

#include "image_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/views/colour.hpp"
#include "likewise/views/erase.hpp"
#include "likewise/views/filters.hpp"
#include "likewise/views/geometry.hpp"

namespace likewise {
namespace {

using Elementary = std::pair<const char*, Tensor (*)(const Tensor&)>;

const std::vector<Elementary>& all_elementary() {
  static const std::vector<Elementary> table = {
      {"brightness", [](const Tensor& x) { return brightness(x, 1.4); }},
      {"contrast", [](const Tensor& x) { return contrast(x, 1.6); }},
      {"saturation", [](const Tensor& x) { return saturation(x, 1.8); }},
      {"hue", [](const Tensor& x) { return hue(x, -0.3); }},
      {"grayscale", [](const Tensor& x) { return grayscale(x); }},
      {"solarize", [](const Tensor& x) { return solarize(x, 0.5); }},
      {"gamma", [](const Tensor& x) { return gamma(x, 0.6); }},
      {"gaussian_blur", [](const Tensor& x) { return gaussian_blur(x, 5, 1.3); }},
      {"box_blur", [](const Tensor& x) { return box_blur(x); }},
      {"dilate", [](const Tensor& x) { return dilate(x); }},
      {"erode", [](const Tensor& x) { return erode(x); }},
      {"outline", [](const Tensor& x) { return outline(x); }},
      {"flip_horizontal", [](const Tensor& x) { return flip_horizontal(x); }},
      {"flip_vertical", [](const Tensor& x) { return flip_vertical(x); }},
      {"rotation", [](const Tensor& x) { return rotation(x, 33.0, 0.5); }},
      {"resize", [](const Tensor& x) { return resize(x, x.size(1), x.size(2)); }},
  };
  return table;
}

TEST(ElementaryViews, KeepShapeAndRangeAndInputForAnySize) {
  const std::vector<std::pair<int64_t, int64_t>> sizes = {{1, 1}, {1, 7}, {5, 1}, {2, 3}, {33, 17}};
  for (const auto& [name, view] : all_elementary()) {
    for (int64_t c : {1, 3}) {
      for (const auto& [h, w] : sizes) {
        const Tensor x = random_image(3, c, h, w), before = x.clone(), y = view(x);
        ASSERT_EQ(y.sizes(), x.sizes()) << name;
        EXPECT_TRUE(y.is_contiguous()) << name;
        expect_equal(x, before, std::string(name) + " changed its input");
        EXPECT_GE(y.min().item<double>(), -1e-6) << name << " " << h << " x " << w;
        EXPECT_LE(y.max().item<double>(), 1.0 + 1e-6) << name << " " << h << " x " << w;
      }
    }
  }
}

TEST(ElementaryViews, TakeStridedImages) {
  const Tensor x = random_image(4, 3, 9, 11), strided = x.transpose(1, 2);
  for (const auto& [name, view] : all_elementary()) {
    expect_equal(view(strided), view(strided.contiguous()), name);
  }
}

TEST(ElementaryViews, GrayImagesKeepTheirColourlessness) {
  const Tensor one = random_image(5, 1, 8, 8);
  expect_equal(saturation(one, 0.3), one, "saturation");
  expect_equal(hue(one, 0.3), one, "hue");
  expect_equal(grayscale(one), one, "grayscale");
  expect_equal(hue(to_channels(one, 3), 0.25), to_channels(one, 3), "hue of equal channels");
  expect_near(to_channels(to_channels(one, 3), 1), values_of(one), 2e-4, "there and back");
}

TEST(ElementaryViews, HueTurnsRedIntoGreenIntoBlue) {
  const Tensor red = image_of({1, 0, 0}, 3, 1, 1);
  expect_near(hue(red, 1.0 / 3.0), {0, 1, 0}, 1e-6, "a third");
  expect_near(hue(red, -1.0 / 3.0), {0, 0, 1}, 1e-6, "a third back");
  expect_near(hue(red, 0.5), {0, 1, 1}, 1e-6, "half");
  expect_near(hue(red, -0.5), {0, 1, 1}, 1e-6, "half back");
  const Tensor x = random_image(6, 3, 20, 20);
  expect_near(hue(hue(x, 0.17), -0.17), values_of(x), 2e-6, "there and back");
}

TEST(ElementaryViews, GammaEqualsPow) {
  std::vector<float> x = {0.0F, 1e-30F, 1e-7F, 1.0F};
  for (int i = 1; i <= 996; ++i) x.push_back(static_cast<float>(i) / 997.0F);
  for (double exponent : {0.1, 0.6065, 1.0, 1.6487, 7.0}) {
    const auto got = values_of(gamma(image_of(x, 1, 10, 100), exponent));
    for (size_t i = 2; i < x.size(); ++i) {
      const double expected = std::pow(static_cast<double>(x[i]), exponent);
      ASSERT_NEAR(got[i], expected, 1e-5 * expected + 1e-30) << x[i] << " ^ " << exponent;
    }
    EXPECT_EQ(got[0], 0.0);
    EXPECT_EQ(got[1], 0.0);  // counts as zero
  }
}

// The definition, pixel by pixel.
TEST(ElementaryViews, StrokesEqualTheExtremaOfNineNeighbours) {
  const int64_t h = 7, w = 10;
  const Tensor x = random_image(7, 1, h, w);
  const auto v = values_of(x);
  std::vector<double> most, least, mean;
  for (int64_t i = 0; i < h; ++i) {
    for (int64_t j = 0; j < w; ++j) {
      double high = 0.0, low = 1.0, sum = 0.0;
      for (int64_t di = -1; di <= 1; ++di) {
        for (int64_t dj = -1; dj <= 1; ++dj) {
          const int64_t y = std::clamp(i + di, int64_t{0}, h - 1);
          const int64_t z = std::clamp(j + dj, int64_t{0}, w - 1);
          const double value = v[static_cast<size_t>(y * w + z)];
          high = std::max(high, value);
          low = std::min(low, value);
          sum += value / 9.0;
        }
      }
      most.push_back(high);
      least.push_back(low);
      mean.push_back(sum);
    }
  }
  expect_near(dilate(x), most, 0.0, "dilate");
  expect_near(erode(x), least, 0.0, "erode");
  expect_near(box_blur(x), mean, 1e-6, "box_blur");
  for (size_t i = 0; i < most.size(); ++i) most[i] -= least[i];
  expect_near(outline(x), most, 1e-6, "outline");
}

TEST(ElementaryViews, BlursKeepConstantImages) {
  const Tensor x = at::empty({3, 6, 5}, at::kFloat).fill_(0.37);
  for (double sigma : {0.05, 0.7, 50.0}) {
    expect_near(gaussian_blur(x, 23, sigma), values_of(x), 1e-6, "gaussian");
  }
  expect_near(box_blur(x), values_of(x), 1e-6, "box");
  expect_near(resize(x, 13, 2, Interpolation::bicubic), std::vector<double>(78, 0.37), 1e-6,
              "resize");
}

TEST(ElementaryViews, ResizingToTheSameSizeChangesNothing) {
  const Tensor x = random_image(8, 3, 13, 9);
  for (bool antialias : {false, true}) {
    expect_near(resize(x, 13, 9, Interpolation::bilinear, antialias), values_of(x), 1e-7, "linear");
    expect_near(resize(x, 13, 9, Interpolation::bicubic, antialias), values_of(x), 1e-7, "cubic");
  }
}

TEST(ElementaryViews, HalvingAveragesWithATriangle) {
  // Antialiased by two the filter is a triangle of weights 1 3 3 1 over eighths.
  const Tensor x = image_of({0, 8, 0, 0, 0, 0, 0, 0}, 1, 1, 8);
  expect_near(resize(x, 1, 4), {8 * 3.0 / 7.0, 1.0, 0, 0}, 1e-6, "impulse");
}

TEST(ElementaryViews, ResizeShorterAndCentreCropGiveTheAskedSides) {
  const Tensor x = random_bytes(9, 3, 30, 47);
  EXPECT_EQ(resize_shorter(x, 20).sizes().vec(), (std::vector<int64_t>{3, 20, 31}));
  EXPECT_EQ(resize_shorter(x.transpose(1, 2), 20).sizes().vec(), (std::vector<int64_t>{3, 31, 20}));
  expect_equal(centre_crop(x, 10, 7), x.narrow(1, 10, 10).narrow(2, 20, 7), "crop");
  const Tensor padded = pad_to_square(x, 0.25);
  EXPECT_EQ(padded.sizes().vec(), (std::vector<int64_t>{3, 47, 47}));
  EXPECT_EQ(padded[2][7][5].item<float>(), 0.25F);
  expect_equal(padded.narrow(1, 8, 30), to_float(x), "inside of the margins");
}

TEST(ElementaryViews, AffineIdentityWholeShiftsAndQuarterTurnsAreExact) {
  const Tensor x = random_image(10, 3, 12, 12);
  expect_equal(affine(x, {}), x, "identity");
  const Tensor moved = affine(x, affine_map(0, 3, -2, 1, 0, 0), Interpolation::bilinear, 0.5);
  expect_near(moved.narrow(1, 0, 10).narrow(2, 3, 9), values_of(x.narrow(1, 2, 10).narrow(2, 0, 9)),
              1e-7, "shift");
  expect_near(moved.narrow(2, 0, 3), std::vector<double>(3 * 12 * 3, 0.5), 0.0, "fill");
  expect_near(rotation(x, 90.0), values_of(rotate90(x, 1)), 1e-5, "quarter turn");
  expect_equal(rotate90(x, -1), rotate90(x, 3), "negative turns");
}

TEST(ElementaryViews, BlendedBordersAreMixturesOfImageAndFill) {
  const Tensor white = at::empty({1, 4, 4}, at::kFloat).fill_(1.0);
  const AffineMap half{1, 0, -0.5, 0, 1, 0};  // the first column lies half outside
  const Tensor y = affine(white, half, Interpolation::bilinear, 0.2);
  EXPECT_NEAR(y[0][1][0].item<double>(), 0.6, 1e-6);
  const Tensor z = affine(white, half, Interpolation::bilinear, 0.2, Border::squared_mask);
  EXPECT_NEAR(z[0][1][0].item<double>(), 0.5 * (0.5 - 0.2) + 0.2, 1e-6);
  EXPECT_EQ(y[0][1][1].item<double>(), 1.0);
}

TEST(ElementaryViews, NoiseHasTheAskedDeviationAndComesFromTheStream) {
  const Tensor x = at::empty({3, 101, 97}, at::kFloat).fill_(0.5);
  Rng first(1), again(1), other(2);
  const Tensor a = add_noise(x, 0.1, first), b = add_noise(x, 0.1, again);
  expect_equal(a, b, "equal streams");
  EXPECT_GT(a.sub(add_noise(x, 0.1, other)).abs().max().item<double>(), 0.1);
  double sum = 0, square = 0, fourth = 0;
  const auto v = values_of(a);
  for (double value : v) {
    const double z = (value - 0.5) / 0.1;
    sum += z;
    square += z * z;
    fourth += z * z * z * z;
  }
  const auto n = static_cast<double>(v.size());  // 29391: standard errors .006, .008, .06
  EXPECT_NEAR(sum / n, 0.0, 0.025);
  EXPECT_NEAR(square / n, 1.0, 0.035);
  EXPECT_NEAR(fourth / n, 3.0, 0.25);
}

TEST(ElementaryViews, RefuseWhatMakesNoSense) {
  const Tensor x = random_image(11, 3, 8, 8);
  EXPECT_THROW(brightness(x, -0.1), UserError);
  EXPECT_THROW(hue(x, 0.6), UserError);
  EXPECT_THROW(gamma(x, 0.0), UserError);
  EXPECT_THROW(gaussian_blur(x, 4, 1.0), UserError);
  EXPECT_THROW(gaussian_blur(x, 3, 0.0), UserError);
  EXPECT_THROW(resized_crop(x, 0, 1, 8, 8, 4, 4), UserError);
  EXPECT_THROW(resized_crop(x, 0, 0, 8, 8, 0, 4), UserError);
  EXPECT_THROW(erase(x, 7, 7, 2, 1, 0.0), UserError);
  EXPECT_THROW(centre_crop(x, 9, 8), UserError);
  EXPECT_THROW(to_channels(x, 2), UserError);
  EXPECT_THROW(normalise(x, {0.5, 0.5}, {1.0, 1.0}), UserError);
  EXPECT_THROW(normalise(x, {0.5}, {0.0}), UserError);
  EXPECT_THROW(affine_map(0, 0, 0, 0.0, 0, 0), UserError);
  EXPECT_THROW(contrast(x.narrow(0, 0, 2), 1.0), UserError);
  EXPECT_THROW(contrast(x.to(at::kDouble), 1.0), UserError);
  EXPECT_THROW(contrast(x.narrow(1, 0, 0), 1.0), UserError);
  EXPECT_THROW(contrast(x[0], 1.0), UserError);
  EXPECT_THROW(contrast(Tensor(), 1.0), UserError);
}

}  // namespace
}  // namespace likewise
