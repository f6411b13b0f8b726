// Every named recipe of image views. Defaults that a recipe does not mention are those of `none`.
#include "likewise/views/recipes.hpp"

namespace likewise {
namespace {

ImageViewOptions nothing_random(const char* name) {
  ImageViewOptions o;
  o.recipe = name;
  o.crop_min = o.crop_max = 1.0;
  o.rotate = o.scale = o.shear = o.translate = 0.0;
  o.flip = 0.0;
  o.jitter_probability = 0.8;
  o.jitter = 0.0;
  o.gray = o.blur = o.solarize = 0.0;
  o.stroke = o.gamma = o.noise = 0.0;
  o.cutout = 0.0;
  o.cutout_size = 0.25;
  o.eval_crop = 1.0;
  o.local_crop_min = 0.05;
  o.local_crop_max = 0.4;
  return o;
}

// Chen et al. 2020, "A simple framework for contrastive learning", appendix A.
ImageViewOptions simclr() {
  ImageViewOptions o = nothing_random("simclr");
  o.crop_min = 0.08;
  o.flip = 0.5;
  o.jitter = 1.0;
  o.gray = 0.2;
  o.blur = 0.5;
  return o;
}

// The same paper, appendix B.9: half the jitter and no blur for 32 x 32 pixels.
ImageViewOptions cifar() {
  ImageViewOptions o = simclr();
  o.recipe = "cifar";
  o.jitter = 0.5;
  o.blur = 0.0;
  return o;
}

// BYOL's and DINO's milder colours, with a fifth solarised as in their second view, halved here
// because both views are drawn alike.
ImageViewOptions natural() {
  ImageViewOptions o = simclr();
  o.recipe = "natural";
  o.brightness = o.contrast = 0.4;
  o.saturation = 0.2;
  o.hue = 0.1;
  o.solarize = 0.1;
  o.eval_crop = 0.875;
  return o;
}

ImageViewOptions gray_photo() {
  ImageViewOptions o = nothing_random("gray_photo");
  o.crop_min = 0.08;
  o.flip = 0.5;
  o.jitter = 0.5;
  o.blur = 0.3;
  return o;
}

// Calibrated on letters of many typefaces. The stroke changes are what carries across typefaces.
ImageViewOptions glyphs() {
  ImageViewOptions o = nothing_random("glyphs");
  o.rotate = 15.0;
  o.scale = 0.35;
  o.shear = 0.3;
  o.translate = 0.075;
  o.stroke = 1.0;
  o.gamma = 0.5;
  o.noise = 0.1;
  return o;
}

}  // namespace

const std::vector<ViewRecipe>& view_recipes() {
  static const std::vector<ViewRecipe> table = {
      {"simclr", "crop, flip, strong colour jitter, gray, blur (Chen et al. 2020)", simclr()},
      {"cifar", "simclr for small colour photographs: half the jitter, no blur", cifar()},
      {"natural", "large photographs: simclr with milder colours and some solarising", natural()},
      {"gray_photo", "gray photographs: crop, flip, brightness, contrast, some blur", gray_photo()},
      {"glyphs", "letters and signs: affine maps, stroke changes, gamma, noise; no flip", glyphs()},
      {"none", "nothing random: only the size", nothing_random("none")},
  };
  return table;
}

}  // namespace likewise
