#pragma once
// Draws what a training view does, see kernels::ViewPlan. It draws what the chain of elementary
// views draws, in the same order, and leaves the stream at the same place.

#include "kernels/views/view_plan.hpp"
#include "likewise/views/random_views.hpp"
#include "likewise/views/recipes.hpp"

namespace likewise {

class ViewPlanner {
 public:
  // Views of size x size pixels with `data.channels` channels.
  ViewPlanner(const ImageViewOptions& resolved, const ImageStats& data, int64_t size,
              double crop_min, double crop_max);

  // Of an image of height x width pixels.
  kernels::ViewPlan draw(int64_t height, int64_t width, Rng& rng) const;

 private:
  void draw_colours(kernels::ViewPlan& plan, Rng& rng) const;
  void draw_strokes(kernels::ViewPlan& plan, Rng& rng) const;

  ImageViewOptions o_;
  int64_t channels_, size_;
  double crop_min_, crop_max_;
  bool dark_;  // strokes
  AffineStrength affine_;
  bool warps_;
  JitterStrength jitter_;
};

}  // namespace likewise
