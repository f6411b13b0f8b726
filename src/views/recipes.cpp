#include "likewise/views/recipes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"

namespace likewise {
namespace {

constexpr int64_t kSmallSide = 96;  // up to here images are used at their own size

int64_t shorter_side(const ImageStats& data) { return std::min(data.height, data.width); }

int64_t multiple_of(int64_t step, int64_t n) { return std::max(step, n / step * step); }

// Small images keep their size; larger letters become 32 pixels, which is enough to tell them
// apart; larger photographs at most 224, the size that published numbers use.
int64_t default_size(const ImageViewOptions& options, const ImageStats& data) {
  const int64_t side =
      options.fit == "pad" ? std::max(data.height, data.width) : shorter_side(data);
  if (options.recipe == "glyphs" && side > 64) return 32;
  if (side <= kSmallSide)
    return data.varied_sizes ? multiple_of(8, side) : std::max(int64_t{1}, side);
  return std::min(int64_t{224}, multiple_of(32, side));
}

const ImageViewOptions& recipe_defaults(const std::string& name) {
  std::vector<std::string> names;
  for (const ViewRecipe& recipe : view_recipes()) {
    if (recipe.name == name) return recipe.defaults;
    names.push_back(recipe.name);
  }
  throw UserError("there is no view recipe '{}'{}", name, did_you_mean(name, names));
}

void set_default(double& value, double initial) {
  if (std::isnan(value)) value = initial;
}

void check_crop(const char* prefix, double low, double high) {
  if (!(low > 0.0 && low <= high && high <= 1.0)) {
    throw UserError("{0}_min is {1} and {0}_max is {2}; accepted is 0 < min <= max <= 1", prefix,
                    low, high);
  }
}

}  // namespace

RecipeChoice choose_recipe(const ImageStats& data) {
  const std::string size = fmt::format("{} x {}", data.height, data.width);
  const std::string seen = fmt::format(
      "{:.0f} % of the pixels are near the darkest or brightest of their image, {:.0f} % "
      "of the border is of one value",
      100.0 * data.two_valued, 100.0 * data.plain_border);
  if (data.letter_like()) {
    return {"glyphs",
            fmt::format("the images ({}) look like letters or signs: gray, {}", size, seen)};
  }
  if (data.channels == 1 || data.colour < 0.01) {
    return {"gray_photo",
            fmt::format("the images ({}) are gray and not letter-like: {}", size, seen)};
  }
  if (shorter_side(data) <= kSmallSide) {
    return {"cifar", fmt::format("the images are in colour and small ({})", size)};
  }
  return {"natural", fmt::format("the images are in colour and large ({})", size)};
}

ImageViewOptions resolve(const ImageViewOptions& asked, const ImageStats& data) {
  if (data.height < 1 || data.width < 1) {
    throw DataError("the images measure {} x {} pixels; nothing can be seen in them", data.height,
                    data.width);
  }
  ImageViewOptions o = asked;
  if (o.recipe == "auto") o.recipe = choose_recipe(data).recipe;
  const ImageViewOptions& recipe = recipe_defaults(o.recipe);

  // Signs must not lose their ends; of photographs the middle is enough.
  if (o.fit == "auto") o.fit = o.recipe == "glyphs" || data.letter_like() ? "pad" : "crop";
  if (o.size == 0) o.size = default_size(o, data);

  // A given overall strength beats the recipe's strength of a part; a given part beats both.
  const bool jitter_given = !std::isnan(asked.jitter);
  set_default(o.jitter, recipe.jitter);
  const auto part = [&](double& value, double of_recipe, double share) {
    set_default(value, jitter_given ? kUnset : of_recipe);
    set_default(value, share * o.jitter);
  };
  part(o.brightness, recipe.brightness, 0.8);
  part(o.contrast, recipe.contrast, 0.8);
  part(o.saturation, recipe.saturation, 0.8);
  part(o.hue, recipe.hue, 0.2);
  set_default(o.jitter_probability, recipe.jitter_probability);

  // One given bound of a range moves the other rather than contradict it.
  if (std::isnan(o.crop_max)) o.crop_max = std::isnan(o.crop_min) ? recipe.crop_max : 1.0;
  set_default(o.crop_min, std::min(recipe.crop_min, o.crop_max));
  if (std::isnan(o.local_crop_max)) {
    o.local_crop_max = std::isnan(o.local_crop_min)
                           ? recipe.local_crop_max
                           : std::max(o.local_crop_min, recipe.local_crop_max);
  }
  set_default(o.local_crop_min, std::min(recipe.local_crop_min, o.local_crop_max));

  for (double ImageViewOptions::*field :
       {&ImageViewOptions::rotate, &ImageViewOptions::scale, &ImageViewOptions::shear,
        &ImageViewOptions::translate, &ImageViewOptions::flip, &ImageViewOptions::gray,
        &ImageViewOptions::blur, &ImageViewOptions::solarize, &ImageViewOptions::stroke,
        &ImageViewOptions::gamma, &ImageViewOptions::noise, &ImageViewOptions::cutout,
        &ImageViewOptions::cutout_size, &ImageViewOptions::eval_crop}) {
    set_default(o.*field, recipe.*field);
  }
  if (o.local_size == 0) o.local_size = multiple_of(8, o.size * 3 / 7 + 4);

  o.hue = std::min(o.hue, 0.5);
  check_crop("crop", o.crop_min, o.crop_max);
  check_crop("local_crop", o.local_crop_min, o.local_crop_max);
  return o;
}

}  // namespace likewise
