// From resolved options to the views themselves.
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/views/colour.hpp"
#include "likewise/views/random_views.hpp"
#include "likewise/views/recipes.hpp"
#include "views/draws.hpp"
#include "views/fused.hpp"

namespace likewise {
namespace {

View to_channels_view(int64_t channels) {
  return [=](const Tensor& x, Rng&) { return to_channels(x, channels); };
}

View normalise_view(const ImageStats& data) {
  return
      [mean = data.mean, std = data.std](const Tensor& x, Rng&) { return normalise(x, mean, std); };
}

void check_resolved(const ImageViewOptions& o) {
  if (o.size < 1 || o.recipe == "auto" || std::isnan(o.crop_min) || std::isnan(o.brightness)) {
    throw UserError("the view options are not resolved (recipe '{}', size {})", o.recipe, o.size);
  }
}

View fit_view(const ImageViewOptions& o, const ImageStats& data, int64_t size, double part) {
  return o.fit == "pad" ? pad_square(size, data.background) : crop_square(size, part);
}

View train_view(const ImageViewOptions& o, const ImageStats& data, int64_t size, double crop_min,
                double crop_max) {
  std::vector<View> steps;
  if (crop_min < 1.0) {
    steps.push_back(random_resized_crop(size, crop_min, crop_max));
  } else {
    steps.push_back(fit_view(o, data, size, 1.0));
  }
  steps.push_back(to_channels_view(data.channels));
  if (o.rotate > 0.0 || o.scale > 0.0 || o.shear > 0.0 || o.translate > 0.0) {
    steps.push_back(random_affine({o.rotate, o.scale, o.shear, o.translate}, data.background));
  }
  if (o.flip > 0.0) steps.push_back(random_flip(o.flip));
  const bool jitters = o.brightness > 0.0 || o.contrast > 0.0 || o.saturation > 0.0 || o.hue > 0.0;
  if (jitters && o.jitter_probability > 0.0) {
    steps.push_back(
        colour_jitter(o.jitter_probability, {o.brightness, o.contrast, o.saturation, o.hue}));
  }
  if (o.gray > 0.0) steps.push_back(random_gray(o.gray));
  if (o.blur > 0.0) steps.push_back(random_blur(o.blur));
  if (o.solarize > 0.0) steps.push_back(random_solarize(o.solarize));
  if (o.stroke > 0.0) steps.push_back(random_stroke(o.stroke, data.background > 0.5));
  if (o.gamma > 0.0) steps.push_back(random_gamma(o.gamma));
  if (o.noise > 0.0) steps.push_back(random_noise(o.noise));
  if (o.cutout > 0.0 && o.cutout_size > 0.0) steps.push_back(cut_out(o.cutout, o.cutout_size));
  steps.push_back(normalise_view(data));
  const View view = compose(std::move(steps));
  return {view, [=](int64_t height, int64_t width, Rng rng) {
            return draw_looked_at(o, crop_min, crop_max, height, width, rng);
          }};
}

}  // namespace

std::vector<View> train_views(const ImageViewOptions& resolved, const ImageStats& data,
                              bool elementary) {
  check_resolved(resolved);
  const auto make = elementary ? train_view : fused_view;
  const View global = make(resolved, data, resolved.size, resolved.crop_min, resolved.crop_max);
  std::vector<View> views(2, global);
  if (resolved.local_crops > 0) {
    const View local =
        make(resolved, data, resolved.local_size, resolved.local_crop_min, resolved.local_crop_max);
    views.insert(views.end(), static_cast<size_t>(resolved.local_crops), local);
  }
  return views;
}

View eval_view(const ImageViewOptions& resolved, const ImageStats& data) {
  check_resolved(resolved);
  return compose({fit_view(resolved, data, resolved.size, resolved.eval_crop),
                  to_channels_view(data.channels), normalise_view(data)});
}

}  // namespace likewise
