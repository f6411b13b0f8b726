// Recipes: the choice from the data, what overrides what, and the resulting views.
#include "likewise/views/recipes.hpp"

#include <gtest/gtest.h>

#include <set>

#include "image_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/views/geometry.hpp"

namespace likewise {
namespace {

// A disc of radius r: bright on dark, or the reverse.
Tensor sign_image(int64_t side, double r, bool dark_ink, int64_t channels = 1) {
  Tensor x = at::empty({channels, side, side}, at::kByte);
  const double middle = static_cast<double>(side - 1) / 2.0;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < side; ++i) {
      for (int64_t j = 0; j < side; ++j) {
        const double d =
            std::hypot(static_cast<double>(i) - middle, static_cast<double>(j) - middle);
        const double ink = std::clamp(r - d, 0.0, 1.0);
        x[c][i][j] = static_cast<int64_t>(255.0 * (dark_ink ? 1.0 - ink : ink));
      }
    }
  }
  return x;
}

// Smooth shades, as photographs have.
Tensor shaded_image(int64_t h, int64_t w, int64_t channels, int phase) {
  Tensor x = at::empty({channels, h, w}, at::kByte);
  uint8_t* p = x.data_ptr<uint8_t>();
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < h; ++i) {
      for (int64_t j = 0; j < w; ++j) {
        const double t = static_cast<double>(3 * i + 2 * j + 40 * c + phase);
        *p++ = static_cast<uint8_t>(127.5 + 120.0 * std::sin(0.07 * t) * std::cos(0.03 * t));
      }
    }
  }
  return x;
}

std::vector<Tensor> photographs(int64_t h, int64_t w, int64_t channels) {
  std::vector<Tensor> images;
  for (int i = 0; i < 10; ++i) images.push_back(shaded_image(h, w, channels, 50 * i));
  return images;
}

TEST(ImageStats, MeasureMeanDeviationAndKind) {
  const Tensor x = random_bytes(1, 3, 10, 14), y = random_bytes(2, 3, 10, 14);
  const ImageStats s = measure_images({x, y});
  EXPECT_EQ(s.height, 10);
  EXPECT_EQ(s.width, 14);
  EXPECT_EQ(s.channels, 3);
  EXPECT_FALSE(s.varied_sizes);
  for (int64_t c = 0; c < 3; ++c) {
    double sum = 0, square = 0, n = 0;
    for (const Tensor& t : {x, y}) {
      for (double v : values_of(t[c])) {
        sum += v / 255.0;
        square += v / 255.0 * v / 255.0;
        ++n;
      }
    }
    EXPECT_NEAR(s.mean[static_cast<size_t>(c)], sum / n, 1e-9);
    EXPECT_NEAR(s.std[static_cast<size_t>(c)], std::sqrt(square / n - sum * sum / n / n), 1e-9);
  }
  EXPECT_FALSE(s.letter_like());
  EXPECT_TRUE(measure_images({x, random_bytes(3, 3, 11, 14)}).varied_sizes);
  const ImageStats gray = measure_images({random_bytes(4, 1, 5, 5), random_bytes(5, 1, 5, 5), x});
  EXPECT_EQ(gray.channels, 1);
  EXPECT_EQ(gray.mean.size(), 1U);
}

TEST(ImageStats, ConstantAndSinglePixelImagesHaveADeviation) {
  const ImageStats s = measure_images({at::empty({1, 1, 1}, at::kByte).fill_(9)});
  EXPECT_EQ(s.std, std::vector<double>{1.0});
  EXPECT_NEAR(s.mean[0], 9.0 / 255.0, 1e-12);
  EXPECT_FALSE(s.letter_like());
  EXPECT_THROW(measure_images({}), DataError);
  EXPECT_THROW(measure_images({random_image(1, 3, 4, 4)}), UserError);
}

TEST(Recipes, AreChosenFromTheData) {
  const auto chosen = [](const std::vector<Tensor>& images) {
    const RecipeChoice choice = choose_recipe(measure_images(images));
    EXPECT_FALSE(choice.reason.empty());
    return choice.recipe;
  };
  EXPECT_EQ(chosen({sign_image(32, 9.0, false), sign_image(32, 5.0, false)}), "glyphs");
  EXPECT_EQ(chosen({sign_image(32, 9.0, true, 3), sign_image(32, 5.0, true, 3)}), "glyphs");
  EXPECT_EQ(chosen(photographs(28, 28, 1)), "gray_photo");
  EXPECT_EQ(chosen(photographs(32, 32, 3)), "cifar");
  EXPECT_EQ(chosen(photographs(300, 400, 3)), "natural");
}

TEST(Recipes, ResolveLeavesNothingOpen) {
  for (const auto& images :
       {photographs(32, 32, 3), photographs(300, 400, 3), photographs(28, 28, 1),
        std::vector<Tensor>{sign_image(105, 30.0, true)}}) {
    const ImageStats data = measure_images(images);
    for (const std::string recipe :
         {"auto", "simclr", "cifar", "natural", "gray_photo", "glyphs", "none"}) {
      ImageViewOptions asked;
      asked.recipe = recipe;
      ImageViewOptions o = resolve(asked, data);
      Fields fields(o);
      for (const Field& field : fields.all()) {
        EXPECT_NE(field.get(), "auto") << recipe << " " << field.key;
        EXPECT_NO_THROW(field.set(field.get())) << recipe << " " << field.key;
      }
      EXPECT_GT(o.size, 0);
      EXPECT_GT(o.local_size, 0);
      ImageViewOptions twice = resolve(o, data);
      EXPECT_EQ(Fields(twice).to_toml(), fields.to_toml()) << recipe;
    }
  }
}

TEST(Recipes, TableAndOptionListHaveTheSameNames) {
  std::set<std::string> listed = {"auto"};
  for (const ViewRecipe& recipe : view_recipes()) {
    EXPECT_EQ(recipe.name, recipe.defaults.recipe);
    EXPECT_FALSE(recipe.summary.empty());
    listed.insert(recipe.name);
    ImageViewOptions o;
    EXPECT_NO_THROW(Fields(o).set("recipe", recipe.name, "test"));
  }
  EXPECT_EQ(listed.size(), 7U);
  ImageViewOptions unknown;
  unknown.recipe = "simcrl";
  EXPECT_THROW(resolve(unknown, measure_images(photographs(32, 32, 3))), UserError);
}

TEST(Recipes, GivenOptionsOverrideThem) {
  const ImageStats data = measure_images(photographs(32, 32, 3));
  ImageViewOptions asked;
  asked.recipe = "simclr";
  EXPECT_DOUBLE_EQ(resolve(asked, data).brightness, 0.8);
  EXPECT_DOUBLE_EQ(resolve(asked, data).hue, 0.2);
  asked.jitter = 0.5;
  asked.hue = 0.05;
  asked.blur = 0.0;
  asked.crop_max = 0.05;
  const ImageViewOptions o = resolve(asked, data);
  EXPECT_DOUBLE_EQ(o.brightness, 0.4);
  EXPECT_DOUBLE_EQ(o.hue, 0.05);
  EXPECT_DOUBLE_EQ(o.blur, 0.0);
  EXPECT_DOUBLE_EQ(o.crop_min, 0.05);  // moved along with the given upper bound
  asked.recipe = "natural";            // has strengths of its own, which a given jitter replaces
  EXPECT_DOUBLE_EQ(resolve(asked, data).saturation, 0.4);
  asked.jitter = kUnset;
  EXPECT_DOUBLE_EQ(resolve(asked, data).saturation, 0.2);
  asked.crop_min = 0.5;
  EXPECT_THROW(resolve(asked, data), UserError);
}

TEST(Recipes, SizesFollowTheData) {
  const auto size = [](const std::vector<Tensor>& images) {
    return resolve({}, measure_images(images)).size;
  };
  EXPECT_EQ(size(photographs(28, 28, 1)), 28);
  EXPECT_EQ(size(photographs(32, 32, 3)), 32);
  EXPECT_EQ(size(photographs(64, 64, 3)), 64);
  EXPECT_EQ(size(photographs(300, 400, 3)), 224);
  EXPECT_EQ(size({sign_image(105, 30.0, true)}), 32);
}

TEST(Recipes, TrainViewsGiveNormalisedSquaresFromAnyImage) {
  const ImageStats data = measure_images(photographs(32, 32, 3));
  for (const ViewRecipe& recipe : view_recipes()) {
    ImageViewOptions asked;
    asked.recipe = recipe.name;
    asked.local_crops = 3;
    const ImageViewOptions o = resolve(asked, data);
    const auto views = train_views(o, data);
    ASSERT_EQ(views.size(), 5U);
    for (const Tensor& x : {random_bytes(1, 3, 32, 32), random_bytes(2, 1, 32, 32),
                            random_bytes(3, 3, 1, 1), random_bytes(4, 3, 20, 61)}) {
      for (size_t v = 0; v < views.size(); ++v) {
        Rng a(7, {v}), b(7, {v});
        const Tensor y = views[v](x, a);
        const int64_t side = v < 2 ? o.size : o.local_size;
        ASSERT_EQ(y.sizes().vec(), (std::vector<int64_t>{3, side, side})) << recipe.name;
        ASSERT_TRUE(y.isfinite().all().item<bool>()) << recipe.name;
        EXPECT_TRUE(y.equal(views[v](x, b))) << recipe.name;
      }
      Rng unused(0);
      EXPECT_EQ(eval_view(o, data)(x, unused).sizes().vec(),
                (std::vector<int64_t>{3, o.size, o.size}));
    }
  }
}

TEST(Recipes, BytesAndFloatsGiveTheSameView) {
  const ImageStats data = measure_images(photographs(40, 40, 3));
  const ImageViewOptions o = resolve({}, data);
  const Tensor bytes = shaded_image(40, 40, 3, 7);
  const auto views = train_views(o, data);
  Rng a(1), b(1);
  expect_near(views[0](bytes, a), values_of(views[0](to_float(bytes), b)), 2e-5, "views");
}

TEST(Recipes, EvaluationIsDeterministicAndCentred) {
  const ImageStats data = measure_images(photographs(32, 32, 3));
  const ImageViewOptions o = resolve({}, data);
  const Tensor x = shaded_image(32, 32, 3, 11);
  Rng a(1), b(2);
  const Tensor y = eval_view(o, data)(x, a);
  expect_equal(y, eval_view(o, data)(x, b), "another stream");
  auto expected = values_of(to_float(x));
  for (size_t i = 0; i < expected.size(); ++i) {
    const size_t c = i / 1024;
    expected[i] = (expected[i] - data.mean[c]) / data.std[c];
  }
  expect_near(y, expected, 1e-5, "normalised");
}

TEST(Recipes, UnresolvedOptionsAreRefused) {
  const ImageStats data = measure_images(photographs(32, 32, 3));
  EXPECT_THROW(train_views({}, data), UserError);
  EXPECT_THROW(eval_view({}, data), UserError);
}

}  // namespace
}  // namespace likewise
