// Random views: their draws have the stated distribution and come from the given stream only.
#include "likewise/views/random_views.hpp"

#include <gtest/gtest.h>

#include <map>

#include "image_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/views/colour.hpp"
#include "likewise/views/filters.hpp"

namespace likewise {
namespace {

bool same(const Tensor& a, const Tensor& b) { return a.sizes() == b.sizes() && a.equal(b); }

TEST(RandomViews, CropsLieInsideWithTheAskedAreaAndAspect) {
  Rng rng(1);
  double mean_area = 0.0;
  const int n = 4000;
  int wide = 0;
  for (int i = 0; i < n; ++i) {
    const CropBox box = draw_crop(300, 400, 0.08, 1.0, 3.0 / 4.0, 4.0 / 3.0, rng);
    ASSERT_GE(box.top, 0);
    ASSERT_GE(box.left, 0);
    ASSERT_LE(box.top + box.height, 300);
    ASSERT_LE(box.left + box.width, 400);
    const double h = static_cast<double>(box.height), w = static_cast<double>(box.width);
    ASSERT_GE(h * w / 120000.0, 0.079);
    ASSERT_GE(w / h, 0.73);
    ASSERT_LE(w / h, 1.37);
    mean_area += h * w / 120000.0 / n;
    wide += w > h;
  }
  // A box of ratio r fits below m = 3/4 r of the area; r is log-uniform and misfits are drawn
  // again: E[area] = E[m^2 - .08^2] / (2 E[m - .08]) = (.594 - .0064) / (2 (.760 - .08)) = .432.
  EXPECT_NEAR(mean_area, 0.432, 0.016);  // four standard errors
  EXPECT_GT(wide, n / 2);
}

TEST(RandomViews, CropPositionsReachEveryCorner) {
  Rng rng(2);
  bool top = false, bottom = false, left = false, right = false;
  for (int i = 0; i < 500; ++i) {
    const CropBox box = draw_crop(8, 8, 0.2, 0.3, 1.0, 1.0, rng);
    top |= box.top == 0;
    left |= box.left == 0;
    bottom |= box.top + box.height == 8;
    right |= box.left + box.width == 8;
  }
  EXPECT_TRUE(top && bottom && left && right);
}

TEST(RandomViews, ImpossibleCropsFallBackToTheMiddle) {
  Rng rng(3);
  const CropBox tall = draw_crop(1000, 1, 1.0, 1.0, 3.0 / 4.0, 4.0 / 3.0, rng);
  EXPECT_EQ(tall.width, 1);
  EXPECT_EQ(tall.height, 1);
  const CropBox wide = draw_crop(10, 100, 1.0, 1.0, 3.0 / 4.0, 4.0 / 3.0, rng);
  EXPECT_EQ(wide.height, 10);
  EXPECT_EQ(wide.width, 13);
  EXPECT_EQ(wide.left, 43);
  const CropBox pixel = draw_crop(1, 1, 0.08, 0.1, 3.0 / 4.0, 4.0 / 3.0, rng);
  EXPECT_EQ(pixel.height, 1);
  EXPECT_EQ(pixel.width, 1);
}

const std::vector<std::pair<std::string, View>>& some_views() {
  static const std::vector<std::pair<std::string, View>> table = {
      {"random_resized_crop", random_resized_crop(16, 0.08, 1.0)},
      {"random_resized_crop bicubic", random_resized_crop(16, 0.08, 1.0, Interpolation::bicubic)},
      {"random_flip", random_flip(0.5)},
      {"colour_jitter", colour_jitter(0.8, {0.8, 0.8, 0.8, 0.2})},
      {"random_gray", random_gray(0.2)},
      {"random_blur", random_blur(0.5)},
      {"random_solarize", random_solarize(0.5)},
      {"random_affine", random_affine({180.0, 0.35, 0.3, 0.15}, 0.5)},
      {"random_stroke", random_stroke(1.0)},
      {"random_stroke dark", random_stroke(1.0, true)},
      {"random_gamma", random_gamma(0.5)},
      {"cut_out", cut_out(1.0, 0.5)},
  };
  return table;
}

TEST(RandomViews, EqualStreamsGiveEqualViewsAndStayInRange) {
  for (const auto& [name, view] : some_views()) {
    for (int64_t c : {1, 3}) {
      for (int64_t side : {1, 2, 19}) {
        const Tensor x = random_image(4, c, side, side + 1);
        for (uint64_t seed = 0; seed < 12; ++seed) {
          Rng a(seed), b(seed);
          const Tensor y = view(x, a);
          ASSERT_TRUE(same(y, view(x, b))) << name;
          EXPECT_EQ(a.next_u64(), b.next_u64()) << name;
          EXPECT_GE(y.min().item<double>(), 0.0) << name;
          EXPECT_LE(y.max().item<double>(), 1.0 + 1e-6) << name;
        }
      }
    }
  }
}

TEST(RandomViews, DifferentStreamsGiveDifferentViews) {
  const Tensor x = random_image(5, 3, 24, 24);
  for (const auto& [name, view] : some_views()) {
    int distinct = 0;
    Rng rng(6);
    const Tensor first = view(x, rng);
    for (int i = 0; i < 30; ++i) distinct += !same(first, view(x, rng));
    EXPECT_GT(distinct, 0) << name;
  }
}

// Binomial counts within four standard deviations.
void expect_share(const View& view, double probability, const std::string& name) {
  const Tensor x = random_image(7, 3, 6, 6);
  Rng rng(8);
  const int n = 2000;
  int changed = 0;
  for (int i = 0; i < n; ++i) changed += !same(view(x, rng), x);
  EXPECT_NEAR(changed, n * probability, 4.0 * std::sqrt(n * probability * (1 - probability)) + 0.5)
      << name;
}

TEST(RandomViews, HappenWithTheirProbability) {
  expect_share(random_flip(0.5), 0.5, "flip");
  expect_share(random_flip(0.0), 0.0, "no flip");
  expect_share(colour_jitter(0.8, {}), 0.8, "jitter");
  expect_share(random_gray(0.2), 0.2, "gray");
  expect_share(random_blur(0.5, 0.5, 2.0), 0.5, "blur");
  expect_share(random_solarize(0.1), 0.1, "solarize");
  expect_share(random_stroke(1.0), 0.8, "stroke");
  expect_share(random_stroke(0.5), 0.4, "stroke, half");
  expect_share(cut_out(0.3, 0.5), 0.3, "cut out");
  expect_share(cut_out(1.0, 1.0), 1.0, "cut out all");
}

TEST(RandomViews, StrokeChangesAreEquallyFrequent) {
  const Tensor x = random_image(9, 1, 6, 6);
  const std::vector<Tensor> outcomes = {x, dilate(x), erode(x), outline(x), box_blur(x)};
  std::map<size_t, int> counts;
  const View view = random_stroke(1.0);
  Rng rng(10);
  for (int i = 0; i < 2000; ++i) {
    const Tensor y = view(x, rng);
    for (size_t k = 0; k < outcomes.size(); ++k) counts[k] += same(y, outcomes[k]);
  }
  for (size_t k = 0; k < outcomes.size(); ++k) EXPECT_NEAR(counts[k], 400, 75) << k;
}

TEST(RandomViews, DarkStrokesAreTheMirrorOfBrightOnes) {
  const Tensor x = random_image(11, 1, 9, 9), inverted = x.neg().add(1.0);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng a(seed), b(seed);
    const Tensor bright = random_stroke(1.0)(x, a), dark = random_stroke(1.0, true)(inverted, b);
    expect_near(dark, values_of(bright.neg().add(1.0)), 1e-6, "stroke " + std::to_string(seed));
  }
}

TEST(RandomViews, JitterFactorsAreUniformAroundOne) {
  // Brightness alone on a dim image, where nothing is clamped, shows the factor itself.
  const Tensor x = at::empty({3, 2, 2}, at::kFloat).fill_(0.25);
  const View view = colour_jitter(1.0, {0.4, 0.0, 0.0, 0.0});
  Rng rng(12);
  double sum = 0, square = 0;
  const int n = 2000;
  for (int i = 0; i < n; ++i) {
    const double f = view(x, rng)[0][0][0].item<double>() / 0.25;
    ASSERT_GE(f, 0.6 - 1e-6);
    ASSERT_LE(f, 1.4 + 1e-6);
    sum += f;
    square += (f - 1.0) * (f - 1.0);
  }
  EXPECT_NEAR(sum / n, 1.0, 0.022);                  // standard error .0052
  EXPECT_NEAR(square / n, 0.4 * 0.4 / 3.0, 0.0045);  // uniform: s^2 / 3
}

TEST(RandomViews, AffineWithoutStrengthChangesNothing) {
  const Tensor x = random_image(13, 3, 15, 15);
  Rng rng(14);
  expect_equal(random_affine({}, 0.5)(x, rng), x, "identity");
}

TEST(RandomViews, FittingViewsMakeSquares) {
  Rng rng(15);
  const Tensor bytes = random_bytes(16, 3, 20, 40);
  EXPECT_EQ(crop_square(8)(bytes, rng).sizes().vec(), (std::vector<int64_t>{3, 8, 8}));
  expect_equal(crop_square(20)(bytes, rng), resized_crop(bytes, 0, 10, 20, 20, 20, 20), "middle");
  const Tensor padded = pad_square(40, 0.75)(bytes, rng);
  expect_near(padded.narrow(1, 0, 10), std::vector<double>(3 * 10 * 40, 0.75), 1e-6, "margin");
  expect_near(padded.narrow(1, 10, 20), values_of(to_float(bytes)), 1e-6, "inside");
}

TEST(RandomViews, ComposeSharesOneStream) {
  const Tensor x = random_image(17, 3, 10, 10);
  const View flip = random_flip(0.5), jitter = colour_jitter(0.5, {});
  Rng a(18), b(18);
  const Tensor composed = compose({flip, jitter})(x, a);
  const Tensor first = flip(x, b);
  expect_equal(composed, jitter(first, b), "composed");
  expect_equal(compose({})(x, a), x, "nothing");
}

TEST(RandomViews, RefuseWhatMakesNoSense) {
  EXPECT_THROW(random_flip(1.5), UserError);
  EXPECT_THROW(random_resized_crop(8, 0.0, 1.0), UserError);
  EXPECT_THROW(random_resized_crop(8, 0.5, 0.4), UserError);
  EXPECT_THROW(colour_jitter(0.5, {0.4, 0.4, 0.4, 0.6}), UserError);
  EXPECT_THROW(random_blur(0.5, 0.0, 2.0), UserError);
  EXPECT_THROW(random_blur(0.5, 0.1, 2.0, 4), UserError);
  EXPECT_THROW(random_affine({-1.0}), UserError);
  EXPECT_THROW(random_noise(-0.1), UserError);
  EXPECT_THROW(crop_square(8, 0.0), UserError);
}

}  // namespace
}  // namespace likewise
