#include "views/fused.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/image/blur.hpp"
#include "kernels/image/colour.hpp"
#include "kernels/image/morphology.hpp"
#include "kernels/image/noise.hpp"
#include "kernels/views/view_ops.hpp"
#include "views/draws.hpp"
#include "views/image_tensor.hpp"
#include "views/plan_view.hpp"

namespace likewise {
namespace {

using kernels::ImageShape;
using kernels::PlannedStep;
using kernels::PlanStep;
using kernels::Point;
using kernels::PointStep;
using kernels::ViewPlan;

// Memory that a thread keeps between views.
struct Memory {
  kernels::ViewScratch scratch;
  kernels::LineFloats a, b, spare;
};

// An image on its way: where it lies, a second place of its size, and the point operations that
// wait until something looks at more than one pixel.
class Canvas {
 public:
  Canvas(const kernels::ViewOps& ops, ImageShape shape, Memory& memory)
      : ops_(ops), shape_(shape), memory_(memory) {
    const auto size = static_cast<size_t>(shape.size());
    if (memory.a.size() < size) memory.a.resize(size);
    if (memory.b.size() < size) memory.b.resize(size);
    here_ = memory.a.data();
    other_ = memory.b.data();
  }

  ImageShape shape() const { return shape_; }
  float* pixels() { return here_; }
  kernels::ViewScratch& scratch() { return memory_.scratch; }

  void point(const PointStep& step) {
    if (waiting_ == kMost) flush();
    steps_[static_cast<size_t>(waiting_++)] = step;
  }
  void point(Point kind, double amount, double shift = 0.0) {
    point({.kind = kind,
           .amount = static_cast<float>(amount),
           .shift = static_cast<float>(shift),
           .scales = {},
           .shifts = {}});
  }

  double mean_luma() {
    flush();
    return ops_.mean_luma(here_, shape_);
  }

  // body(from, to), which must not be the same place.
  template <class Body>
  void move(const Body& body) {
    flush();
    body(here_, other_);
    std::swap(here_, other_);
  }

  // body(pixels), in place.
  template <class Body>
  void change(const Body& body) {
    flush();
    body(here_);
  }

  kernels::LineFloats& spare() { return memory_.spare; }

  void finish(float* out) { ops_.points(here_, out, shape_, steps_.data(), waiting_); }

 private:
  void flush() {
    if (waiting_ > 0) ops_.points(here_, here_, shape_, steps_.data(), waiting_);
    waiting_ = 0;
  }

  static constexpr int64_t kMost = 16;
  const kernels::ViewOps& ops_;
  ImageShape shape_;
  Memory& memory_;
  float *here_ = nullptr, *other_ = nullptr;
  std::array<PointStep, kMost> steps_{};
  int64_t waiting_ = 0;
};

class FusedView {
 public:
  FusedView(const ImageViewOptions& options, const ImageStats& data, int64_t size, double crop_min,
            double crop_max)
      : planner_(options, data, size, crop_min, crop_max),
        channels_(data.channels),
        size_(size),
        background_(data.background),
        ops_(kernels::view_ops()) {
    normalise_.kind = Point::scale_shift;
    for (int64_t c = 0; c < channels_; ++c) {
      const size_t which = data.mean.size() == 1 ? 0 : static_cast<size_t>(c);
      normalise_.scales[static_cast<size_t>(c)] = static_cast<float>(1.0 / data.std[which]);
      normalise_.shifts[static_cast<size_t>(c)] =
          static_cast<float>(-data.mean[which] / data.std[which]);
    }
  }

  Tensor operator()(const Tensor& x, Rng& rng) const {
    Tensor image = checked_image(x, "a training view", true);
    thread_local Memory memory;
    Canvas canvas(ops_, {channels_, size_, size_}, memory);
    const ViewPlan plan = planner_.draw(image.size(1), image.size(2), rng);
    if (plan.pads) image = pad_to_square(image, background_);
    resize(image, plan, canvas);
    if (plan.warps) {
      canvas.move([&](const float* from, float* to) {
        ops_.warp(from, canvas.shape(), {plan.xx, plan.xy, plan.x0, plan.yx, plan.yy, plan.y0},
                  static_cast<float>(background_), to, canvas.scratch());
      });
    }
    for (int32_t i = 0; i < plan.count; ++i) apply(plan.steps[i], plan, canvas);
    canvas.point(normalise_);
    Tensor result = new_image(channels_, size_, size_);
    canvas.finish(likewise::pixels(result));
    return result;
  }

 private:
  // The part looked at, resized and mirrored, with the canvas' number of channels.
  void resize(const Tensor& image, const ViewPlan& plan, Canvas& canvas) const {
    const ImageShape source = shape_of(image);
    const bool mixes = source.channels == 3 && channels_ == 1;
    if (mixes) canvas.spare().resize(static_cast<size_t>(3 * size_ * size_));
    float* to = mixes ? canvas.spare().data() : canvas.pixels();
    const kernels::Box part{plan.top, plan.left, plan.height, plan.width};
    if (image.scalar_type() == at::kByte) {
      ops_.resample_bytes(image.data_ptr<uint8_t>(), source, part, plan.flips, to, size_, size_,
                          canvas.scratch());
    } else {
      ops_.resample_floats(likewise::pixels(image), source, part, plan.flips, to, size_, size_,
                           canvas.scratch());
    }
    const int64_t plane = size_ * size_;
    if (mixes) {
      kernels::luma(to, canvas.pixels(), plane);
    } else if (source.channels == 1 && channels_ == 3) {
      for (int64_t c = 1; c < 3; ++c) std::copy(to, to + plane, to + c * plane);
    }
  }

  void apply(const PlannedStep& step, const ViewPlan& plan, Canvas& canvas) const {
    const ImageShape shape = canvas.shape();
    switch (step.kind) {
      case PlanStep::brightness:
        return canvas.point(Point::brightness, step.amount);
      case PlanStep::contrast:
        return canvas.point(Point::contrast, step.amount, (1.0 - step.amount) * canvas.mean_luma());
      case PlanStep::saturation:
        return canvas.point(Point::saturation, step.amount);
      case PlanStep::hue:
        return canvas.point(Point::hue, step.amount);
      case PlanStep::gray:
        return canvas.point(Point::gray, 0.0);
      case PlanStep::solarize:
        return canvas.point(Point::solarize, step.amount);
      case PlanStep::gamma:
        return canvas.point(Point::gamma, step.amount);
      case PlanStep::blur:
        return canvas.move([&](const float* from, float* to) {
          ops_.blur(from, shape, blur_kernel(size_), step.amount, to, canvas.scratch());
        });
      case PlanStep::dilate:
        return canvas.move(
            [&](const float* from, float* to) { kernels::dilate3(from, shape, to); });
      case PlanStep::erode:
        return canvas.move([&](const float* from, float* to) { kernels::erode3(from, shape, to); });
      case PlanStep::box_blur:
        return canvas.move(
            [&](const float* from, float* to) { kernels::box_blur3(from, shape, to); });
      case PlanStep::outline:
        return canvas.move(
            [&](const float* from, float* to) { outline(from, to, step.amount > 0.0, canvas); });
      case PlanStep::noise:
        return canvas.change([&](float* x) {
          Rng rng = Rng::from({{plan.noise_key[0], plan.noise_key[1]}, plan.noise_word});
          kernels::add_normal(x, x, shape.size(), static_cast<float>(step.amount), rng);
        });
      case PlanStep::cutout:
        return canvas.change([&](float* x) {
          for (int64_t c = 0; c < shape.channels; ++c) {
            for (int64_t y = step.top; y < step.top + step.side; ++y) {
              std::fill_n(x + (c * size_ + y) * size_ + step.left, step.side,
                          static_cast<float>(step.amount));
            }
          }
        });
    }
  }

  static void outline(const float* from, float* to, bool dark, Canvas& canvas) {
    const ImageShape shape = canvas.shape();
    kernels::dilate3(from, shape, to);
    kernels::LineFloats& thin = canvas.spare();
    thin.resize(static_cast<size_t>(shape.size()));
    kernels::erode3(from, shape, thin.data());
    for (int64_t i = 0; i < shape.size(); ++i) {
      const float line = to[i] - thin[static_cast<size_t>(i)];
      to[i] = dark ? 1.0F - line : line;
    }
  }

  ViewPlanner planner_;
  int64_t channels_, size_;
  double background_;
  PointStep normalise_;
  const kernels::ViewOps& ops_;
};

}  // namespace

View fused_view(const ImageViewOptions& resolved, const ImageStats& data, int64_t size,
                double crop_min, double crop_max) {
  return {FusedView(resolved, data, size, crop_min, crop_max),
          [=](int64_t height, int64_t width, Rng rng) {
            return draw_looked_at(resolved, crop_min, crop_max, height, width, rng);
          }};
}

}  // namespace likewise
