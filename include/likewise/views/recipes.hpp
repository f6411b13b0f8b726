#pragma once
// Named recipes of image views, and the views that a training run and an evaluation use.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/views/image_stats.hpp"
#include "likewise/views/view.hpp"

namespace likewise {

inline constexpr double kUnset = std::numeric_limits<double>::quiet_NaN();

// Every parameter of every recipe. What is unset (NaN, -1 or "auto") is decided by the recipe and
// the data, see resolve; order of application is that of this list.
struct ImageViewOptions {
  std::string recipe = "auto";
  int64_t size = 0;
  std::string fit = "auto";
  double crop_min = kUnset, crop_max = kUnset;
  double rotate = kUnset, scale = kUnset, shear = kUnset, translate = kUnset;
  double flip = kUnset;
  double jitter_probability = kUnset, jitter = kUnset;
  double brightness = kUnset, contrast = kUnset, saturation = kUnset, hue = kUnset;
  double gray = kUnset, blur = kUnset, solarize = kUnset;
  double stroke = kUnset, gamma = kUnset, noise = kUnset;
  double cutout = kUnset, cutout_size = kUnset;
  double eval_crop = kUnset;
  int64_t local_crops = 0, local_size = 0;
  double local_crop_min = kUnset, local_crop_max = kUnset;

  template <class V>
  void fields(V& v) {
    v("recipe", recipe, "named set of views; what is given besides overrides it",
      choices({"auto", "simclr", "cifar", "natural", "gray_photo", "glyphs", "none"}));
    v("size", size, "side of the square views in pixels (0: decided from the data)",
      range(0, 4096));
    v("fit", fit, "how an image that is not square becomes one: its middle, or with margins",
      choices({"auto", "crop", "pad"}));
    v("crop_min", crop_min, "smallest part of the area that a random crop keeps (1: no crop)",
      range(0.001, 1));
    v("crop_max", crop_max, "largest part of the area that a random crop keeps", range(0.001, 1));
    v("rotate", rotate, "largest rotation in degrees, both ways", range(0, 180));
    v("scale", scale, "largest change of the logarithm of each axis' scale", range(0, 2));
    v("shear", shear, "largest shear", range(0, 2));
    v("translate", translate, "largest shift as a part of the side", range(0, 1));
    v("flip", flip, "probability of a left-right flip", range(0, 1));
    v("jitter_probability", jitter_probability, "probability of the colour jitter", range(0, 1));
    v("jitter", jitter, "strength s of the colour jitter: 0.8 s, and 0.2 s for the hue",
      range(0, 2));
    v("brightness", brightness, "strength of the brightness jitter (else 0.8 s)", range(0, 2));
    v("contrast", contrast, "strength of the contrast jitter (else 0.8 s)", range(0, 2));
    v("saturation", saturation, "strength of the saturation jitter (else 0.8 s)", range(0, 2));
    v("hue", hue, "largest turn of the hue as a part of the circle (else 0.2 s)", range(0, 0.5));
    v("gray", gray, "probability of losing the colour", range(0, 1));
    v("blur", blur, "probability of a Gaussian blur, sigma 0.1 to 2", range(0, 1));
    v("solarize", solarize, "probability of inverting what is brighter than a half", range(0, 1));
    v("stroke", stroke, "probability of drawing among: none, thicker, thinner, outline, blurred",
      range(0, 1));
    v("gamma", gamma, "largest logarithm of a gamma exponent, both ways", range(0, 3));
    v("noise", noise, "largest standard deviation of Gaussian noise", range(0, 1));
    v("cutout", cutout, "probability of covering a square", range(0, 1));
    v("cutout_size", cutout_size, "side of that square as a part of the image's", range(0, 1));
    v("eval_crop", eval_crop, "part of the shorter side that evaluation looks at", range(0.1, 1));
    v("local_crops", local_crops, "further small views besides the two", range(0, 64));
    v("local_size", local_size, "side of those in pixels (0: three sevenths of size)",
      range(0, 4096));
    v("local_crop_min", local_crop_min, "smallest part of the area in them", range(0.001, 1));
    v("local_crop_max", local_crop_max, "largest part of the area in them", range(0.001, 1));
  }
};

// One row of the table that `likewise list views` prints.
struct ViewRecipe {
  std::string name, summary;
  ImageViewOptions defaults;  // everything but size, fit and local crops is set
};
const std::vector<ViewRecipe>& view_recipes();

// The recipe that suits the data, and why, as a sentence to print.
struct RecipeChoice {
  std::string recipe, reason;
};
RecipeChoice choose_recipe(const ImageStats& data);

// Every unset option decided: no NaN, no 0 size, no "auto". Throws UserError for an unknown recipe
// or options that contradict each other.
ImageViewOptions resolve(const ImageViewOptions& asked, const ImageStats& data);

// Two views, then the local crops, of resolved options. Each takes uint8 or float (in [0, 1])
// [C, H, W] and gives normalised float [data.channels, S, S]; all draws come from the given stream.
// They are fused kernels; `elementary` gives the chain of elementary views that defines them.
std::vector<View> train_views(const ImageViewOptions& resolved, const ImageStats& data,
                              bool elementary = false);

// The view of evaluation: deterministic, same type and shape as the training views.
View eval_view(const ImageViewOptions& resolved, const ImageStats& data);

}  // namespace likewise
