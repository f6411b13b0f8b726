#include "views/fused.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/image/blur.hpp"
#include "kernels/image/colour.hpp"
#include "kernels/image/morphology.hpp"
#include "kernels/image/noise.hpp"
#include "kernels/views/view_ops.hpp"
#include "views/draws.hpp"
#include "views/image_tensor.hpp"

namespace likewise {
namespace {

using kernels::ImageShape;
using kernels::Point;
using kernels::PointStep;

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
      : o_(options),
        channels_(data.channels),
        size_(size),
        crop_min_(crop_min),
        crop_max_(crop_max),
        background_(data.background),
        affine_{options.rotate, options.scale, options.shear, options.translate},
        warps_(options.rotate > 0.0 || options.scale > 0.0 || options.shear > 0.0 ||
               options.translate > 0.0),
        jitter_{options.brightness, options.contrast, options.saturation, options.hue},
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
    CropBox box = draw_looked_at(o_, crop_min_, crop_max_, image.size(1), image.size(2), rng);
    if (box.height != box.width && !(crop_min_ < 1.0)) {
      image = pad_to_square(image, background_);
      box = {0, 0, image.size(1), image.size(2)};
    }
    AffineMap map;
    if (warps_) map = draw_affine(affine_, size_, size_, rng);
    const bool flips = o_.flip > 0.0 && rng.chance(o_.flip);
    resize(image, box, flips && !warps_, canvas);
    if (warps_) {
      if (flips) map.xx = -map.xx, map.yx = -map.yx;
      canvas.move([&](const float* from, float* to) {
        ops_.warp(from, canvas.shape(), {map.xx, map.xy, map.x0, map.yx, map.yy, map.y0},
                  static_cast<float>(background_), to, canvas.scratch());
      });
    }
    colours(canvas, rng);
    strokes(canvas, rng);
    canvas.point(normalise_);
    Tensor result = new_image(channels_, size_, size_);
    canvas.finish(likewise::pixels(result));
    return result;
  }

 private:
  // The box, resized and mirrored, with the canvas' number of channels.
  void resize(const Tensor& image, const CropBox& box, bool flips, Canvas& canvas) const {
    const ImageShape source = shape_of(image);
    const bool mixes = source.channels == 3 && channels_ == 1;
    if (mixes) canvas.spare().resize(static_cast<size_t>(3 * size_ * size_));
    float* to = mixes ? canvas.spare().data() : canvas.pixels();
    const kernels::Box part{box.top, box.left, box.height, box.width};
    if (image.scalar_type() == at::kByte) {
      ops_.resample_bytes(image.data_ptr<uint8_t>(), source, part, flips, to, size_, size_,
                          canvas.scratch());
    } else {
      ops_.resample_floats(likewise::pixels(image), source, part, flips, to, size_, size_,
                           canvas.scratch());
    }
    const int64_t plane = size_ * size_;
    if (mixes) {
      kernels::luma(to, canvas.pixels(), plane);
    } else if (source.channels == 1 && channels_ == 3) {
      for (int64_t c = 1; c < 3; ++c) std::copy(to, to + plane, to + c * plane);
    }
  }

  void colours(Canvas& canvas, Rng& rng) const {
    const bool jitters = jitter_.brightness > 0.0 || jitter_.contrast > 0.0 ||
                         jitter_.saturation > 0.0 || jitter_.hue > 0.0;
    if (jitters && o_.jitter_probability > 0.0) {
      if (const auto jitter = draw_jitter(o_.jitter_probability, jitter_, rng)) {
        for (int step : jitter->order)
          apply(step, jitter->amount[static_cast<size_t>(step)], canvas);
      }
    }
    if (o_.gray > 0.0 && rng.chance(o_.gray)) canvas.point(Point::gray, 0.0);
    if (o_.blur > 0.0) {
      if (const auto sigma = draw_blur(o_.blur, 0.1, 2.0, rng)) {
        canvas.move([&](const float* from, float* to) {
          ops_.blur(from, canvas.shape(), blur_kernel(size_), *sigma, to, canvas.scratch());
        });
      }
    }
    if (o_.solarize > 0.0 && rng.chance(o_.solarize)) canvas.point(Point::solarize, 0.5);
  }

  void apply(int step, double amount, Canvas& canvas) const {
    if (step == 0 && jitter_.brightness > 0.0) canvas.point(Point::brightness, amount);
    if (step == 1 && jitter_.contrast > 0.0) {
      canvas.point(Point::contrast, amount, (1.0 - amount) * canvas.mean_luma());
    }
    if (step == 2 && jitter_.saturation > 0.0) canvas.point(Point::saturation, amount);
    if (step == 3 && jitter_.hue > 0.0) canvas.point(Point::hue, amount);
  }

  void strokes(Canvas& canvas, Rng& rng) const {
    const ImageShape shape = canvas.shape();
    if (o_.stroke > 0.0) stroke(draw_stroke(o_.stroke, rng), canvas);
    if (o_.gamma > 0.0) canvas.point(Point::gamma, std::exp(draw_symmetric(rng, o_.gamma)));
    if (o_.noise > 0.0) {
      const auto sigma = static_cast<float>(rng.uniform(0.0, o_.noise));
      canvas.change([&](float* x) { kernels::add_normal(x, x, shape.size(), sigma, rng); });
    }
    if (o_.cutout > 0.0 && o_.cutout_size > 0.0) {
      const auto box = draw_cut_out(o_.cutout, o_.cutout_size, size_, size_, rng);
      if (!box) return;
      canvas.change([&](float* x) {
        for (int64_t c = 0; c < shape.channels; ++c) {
          for (int64_t y = box->top; y < box->top + box->side; ++y) {
            std::fill_n(x + (c * size_ + y) * size_ + box->left, box->side, 0.5F);
          }
        }
      });
    }
  }

  void stroke(Stroke which, Canvas& canvas) const {
    const bool dark = background_ > 0.5;
    const ImageShape shape = canvas.shape();
    if (which == Stroke::same) return;
    canvas.move([&](const float* from, float* to) {
      if (which == Stroke::blurred) return kernels::box_blur3(from, shape, to);
      if ((which == Stroke::thinner) != dark && which != Stroke::outline) {
        return kernels::erode3(from, shape, to);
      }
      kernels::dilate3(from, shape, to);
      if (which != Stroke::outline) return;
      kernels::LineFloats& thin = canvas.spare();
      thin.resize(static_cast<size_t>(shape.size()));
      kernels::erode3(from, shape, thin.data());
      for (int64_t i = 0; i < shape.size(); ++i) {
        const float line = to[i] - thin[static_cast<size_t>(i)];
        to[i] = dark ? 1.0F - line : line;
      }
    });
  }

  ImageViewOptions o_;
  int64_t channels_, size_;
  double crop_min_, crop_max_, background_;
  AffineStrength affine_;
  bool warps_;
  JitterStrength jitter_;
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
