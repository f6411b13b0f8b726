// The fused views against the chains of elementary views that define them: same stream, same image.
#include <gtest/gtest.h>

#include "image_support.hpp"
#include "likewise/views/recipes.hpp"

namespace likewise {
namespace {

void expect_fused_equals_elementary(ImageViewOptions options, const ImageStats& data,
                                    const Tensor& image, const std::string& what) {
  options = resolve(options, data);
  options.size = data.height;
  const auto fused = train_views(options, data), elementary = train_views(options, data, true);
  ASSERT_EQ(fused.size(), elementary.size());
  for (size_t v = 0; v < fused.size(); ++v) {
    for (uint64_t draw = 0; draw < 12; ++draw) {
      Rng a(draw, {v}), b(draw, {v});
      const Tensor got = fused[v](image, a), expected = elementary[v](image, b);
      ASSERT_EQ(got.sizes(), expected.sizes()) << what;
      // 1e-5 in [0, 1], where a gamma below 1 may have drawn dark values apart
      expect_near(got, values_of(expected), options.gamma > 0.0 ? 6e-5 : 2e-5,
                  what + ", draw " + std::to_string(draw));
      EXPECT_EQ(a.next_u64(), b.next_u64()) << what << ": the streams are not at the same place";
    }
  }
}

TEST(FusedView, EqualsTheElementaryChainForEveryRecipe) {
  for (const ViewRecipe& recipe : view_recipes()) {
    for (int64_t channels : {1, 3}) {
      for (int64_t of_image : {1, 3}) {
        for (bool bytes : {true, false}) {
          for (int64_t side : {8, 32, 45}) {
            ImageViewOptions options;
            options.recipe = recipe.name;
            const auto image =
                bytes ? random_bytes(3, of_image, 40, 37) : random_image(4, of_image, 40, 37);
            expect_fused_equals_elementary(options, stats_of(channels, side, 0.1), image,
                                           recipe.name + ", " + std::to_string(of_image) + " to " +
                                               std::to_string(channels) + " channels, " +
                                               std::to_string(side) + " px");
          }
        }
      }
    }
  }
}

TEST(FusedView, EqualsTheElementaryChainWithEverythingAtOnce) {
  ImageViewOptions o;
  o.recipe = "simclr";
  o.jitter_probability = o.blur = o.stroke = o.cutout = 1.0;
  o.gray = o.solarize = 0.5;
  o.rotate = 30;
  o.scale = o.shear = 0.2;
  o.translate = 0.1;
  o.gamma = 0.4;
  o.noise = 0.1;
  o.local_crops = 2;
  for (double background : {0.0, 1.0}) {
    for (const char* fit : {"pad", "crop"}) {
      for (double crop_min : {0.1, 1.0}) {
        o.fit = fit;
        o.crop_min = crop_min;
        for (auto [h, w] : {std::pair<int64_t, int64_t>{1, 1}, {3, 90}, {64, 20}, {28, 28}}) {
          expect_fused_equals_elementary(o, stats_of(3, 28, background), random_bytes(5, 3, h, w),
                                         std::string("all, ") + fit + ", " + std::to_string(h));
        }
      }
    }
  }
}

TEST(FusedView, EqualsTheElementaryChainOnALargePhotograph) {
  ImageViewOptions o;
  o.recipe = "natural";
  expect_fused_equals_elementary(o, stats_of(3, 224, 0), random_bytes(6, 3, 375, 500),
                                 "photograph");
}

}  // namespace
}  // namespace likewise
