#include "views/plan_view.hpp"

#include <cmath>

#include "views/draws.hpp"

namespace likewise {

using kernels::PlanStep;
using kernels::ViewPlan;

ViewPlanner::ViewPlanner(const ImageViewOptions& resolved, const ImageStats& data, int64_t size,
                         double crop_min, double crop_max)
    : o_(resolved),
      channels_(data.channels),
      size_(size),
      crop_min_(crop_min),
      crop_max_(crop_max),
      dark_(data.background > 0.5),
      affine_{resolved.rotate, resolved.scale, resolved.shear, resolved.translate},
      warps_(resolved.rotate > 0.0 || resolved.scale > 0.0 || resolved.shear > 0.0 ||
             resolved.translate > 0.0),
      jitter_{resolved.brightness, resolved.contrast, resolved.saturation, resolved.hue} {}

ViewPlan ViewPlanner::draw(int64_t height, int64_t width, Rng& rng) const {
  ViewPlan plan;
  const CropBox box = draw_looked_at(o_, crop_min_, crop_max_, height, width, rng);
  plan.top = box.top, plan.left = box.left;
  plan.height = box.height, plan.width = box.width;
  if (box.height != box.width && !(crop_min_ < 1.0)) {
    plan.pads = true;
    plan.top = plan.left = 0;
    plan.height = plan.width = std::max(height, width);
  }
  AffineMap map;
  if (warps_) map = draw_affine(affine_, size_, size_, rng);
  const bool flips = o_.flip > 0.0 && rng.chance(o_.flip);
  plan.warps = warps_;
  plan.flips = flips && !warps_;
  if (warps_ && flips) map.xx = -map.xx, map.yx = -map.yx;
  plan.xx = map.xx, plan.xy = map.xy, plan.x0 = map.x0;
  plan.yx = map.yx, plan.yy = map.yy, plan.y0 = map.y0;
  draw_colours(plan, rng);
  draw_strokes(plan, rng);
  return plan;
}

void ViewPlanner::draw_colours(ViewPlan& plan, Rng& rng) const {
  const std::array<double, 4> strengths = {jitter_.brightness, jitter_.contrast, jitter_.saturation,
                                           jitter_.hue};
  constexpr PlanStep kKinds[] = {PlanStep::brightness, PlanStep::contrast, PlanStep::saturation,
                                 PlanStep::hue};
  const bool jitters = jitter_.brightness > 0.0 || jitter_.contrast > 0.0 ||
                       jitter_.saturation > 0.0 || jitter_.hue > 0.0;
  if (jitters && o_.jitter_probability > 0.0) {
    if (const auto jitter = draw_jitter(o_.jitter_probability, jitter_, rng)) {
      for (int step : jitter->order) {
        const auto at = static_cast<size_t>(step);
        if (strengths[at] > 0.0) plan.add({.kind = kKinds[at], .amount = jitter->amount[at]});
      }
    }
  }
  if (o_.gray > 0.0 && rng.chance(o_.gray)) plan.add({.kind = PlanStep::gray});
  if (o_.blur > 0.0) {
    if (const auto sigma = draw_blur(o_.blur, 0.1, 2.0, rng)) {
      plan.add({.kind = PlanStep::blur, .amount = *sigma});
    }
  }
  if (o_.solarize > 0.0 && rng.chance(o_.solarize)) {
    plan.add({.kind = PlanStep::solarize, .amount = 0.5});
  }
}

void ViewPlanner::draw_strokes(ViewPlan& plan, Rng& rng) const {
  if (o_.stroke > 0.0) {
    const Stroke which = draw_stroke(o_.stroke, rng);
    if (which == Stroke::blurred) plan.add({.kind = PlanStep::box_blur});
    if (which == Stroke::outline) {
      plan.add({.kind = PlanStep::outline, .amount = dark_ ? 1.0 : 0.0});
    }
    if (which == Stroke::thicker) plan.add({.kind = dark_ ? PlanStep::erode : PlanStep::dilate});
    if (which == Stroke::thinner) plan.add({.kind = dark_ ? PlanStep::dilate : PlanStep::erode});
  }
  if (o_.gamma > 0.0) {
    plan.add({.kind = PlanStep::gamma, .amount = std::exp(draw_symmetric(rng, o_.gamma))});
  }
  if (o_.noise > 0.0) {
    plan.add({.kind = PlanStep::noise, .amount = rng.uniform(0.0, o_.noise)});
    const Rng::Place place = rng.place();
    plan.noise_key[0] = place.key[0], plan.noise_key[1] = place.key[1];
    plan.noise_word = place.word;
    const int64_t values = channels_ * size_ * size_;
    rng.skip(static_cast<uint64_t>(values + values % 2));  // as kernels::add_normal draws
  }
  if (o_.cutout > 0.0 && o_.cutout_size > 0.0) {
    if (const auto box = draw_cut_out(o_.cutout, o_.cutout_size, size_, size_, rng)) {
      plan.add({.kind = PlanStep::cutout,
                .top = static_cast<int32_t>(box->top),
                .left = static_cast<int32_t>(box->left),
                .side = static_cast<int32_t>(box->side),
                .amount = 0.5});
    }
  }
}

}  // namespace likewise
