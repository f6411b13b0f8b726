#pragma once
// One random view by a team of threads: a block of a GPU, or threads of a processor. This is the
// text of both, so that what a processor's test finds right is right on the GPU up to rounding.
// Values are those of kernels/views on a processor, to 1e-5.
//
// A team has rank(), size(), sync() (all threads arrive before one goes on) and sum(double), which
// gives every thread the sum over threads and synchronises. A thread makes the pixels rank(),
// rank() + size(), ... of every step, so steps that look at one pixel need no synchronisation.

#include <cmath>
#include <cstdint>

#include "base/philox.hpp"
#include "kernels/cuda/half_floats.hpp"
#include "kernels/cuda/view_batch.hpp"
#include "kernels/image/colour.hpp"

namespace likewise::kernels::gpu {

LIKEWISE_HOST_DEVICE inline float clamp_unit(float x) {
  x = x < 0.0F ? 0.0F : x;
  return x > 1.0F ? 1.0F : x;
}

// --- crop and resize: one output pixel from its source pixels, weighed by a triangle

// Source pixels [begin, end) of output i of an axis, and the weight of each.
struct Support {
  double centre = 0, inverse = 1;
  int64_t begin = 0, end = 0;
  float total = 0;  // of the weights, inverted

  LIKEWISE_HOST_DEVICE Support(int64_t in, int64_t out, int64_t i) {
    const double scale = static_cast<double>(in) / static_cast<double>(out);
    const double stretch = scale > 1.0 ? scale : 1.0;
    inverse = 1.0 / stretch;
    centre = scale * (static_cast<double>(i) + 0.5);
    const double from = centre - stretch + 0.5;
    begin = from > 0.0 ? static_cast<int64_t>(from) : 0;
    end = static_cast<int64_t>(centre + stretch + 0.5);
    end = end < in ? end : in;
    float sum = 0.0F;
    for (int64_t k = begin; k < end; ++k) sum += raw(k);
    total = 1.0F / sum;
  }
  LIKEWISE_HOST_DEVICE float raw(int64_t k) const {
    const auto away = static_cast<float>((static_cast<double>(k) + 0.5 - centre) * inverse);
    const float w = 1.0F - (away < 0.0F ? -away : away);
    return w > 0.0F ? w : 0.0F;
  }
  LIKEWISE_HOST_DEVICE float weight(int64_t k) const { return raw(k) * total; }
};

// The pixel at (y, x) of the part looked at, which may be a margin.
LIKEWISE_HOST_DEVICE inline float pixel_at(const ViewBatch& batch, const ViewJob& job,
                                           int64_t channel, int64_t y, int64_t x) {
  const int64_t height = job.height, width = job.width;
  y += job.plan.top, x += job.plan.left;
  if (job.plan.pads) {
    const int64_t side = height > width ? height : width;
    y -= (side - height) / 2, x -= (side - width) / 2;
    if (y < 0 || y >= height || x < 0 || x >= width) return batch.background;
  }
  const uint8_t* plane =
      reinterpret_cast<const uint8_t*>(&job) + sizeof(ViewJob) + channel * height * width;
  return static_cast<float>(plane[y * width + x]) * (1.0F / 255.0F);
}

LIKEWISE_HOST_DEVICE inline void resample_pixel(const ViewBatch& batch, const ViewJob& job,
                                                int64_t at, float* out) {
  const int64_t size = batch.size, i = at / size, j = at % size;
  const Support rows(job.plan.height, size, i);
  const Support columns(job.plan.width, size, job.plan.flips ? size - 1 - j : j);
  float value[3] = {0.0F, 0.0F, 0.0F};
  for (int64_t y = rows.begin; y < rows.end; ++y) {
    const float v = rows.weight(y);
    if (v == 0.0F) continue;
    for (int64_t x = columns.begin; x < columns.end; ++x) {
      const float w = v * columns.weight(x);
      for (int32_t c = 0; c < job.channels; ++c) value[c] += w * pixel_at(batch, job, c, y, x);
    }
  }
  if (job.channels == 1) value[1] = value[2] = value[0];
  if (job.channels == 3 && batch.channels == 1) {
    value[0] = kRed * value[0] + kGreen * value[1] + kBlue * value[2];
  }
  for (int32_t c = 0; c < batch.channels; ++c) out[c * batch.plane() + at] = value[c];
}

// --- steps that look at one pixel, in place; p[c * plane] is channel c

LIKEWISE_HOST_DEVICE inline float luma_of(const float* p, int64_t plane) {
  return kRed * p[0] + kGreen * p[plane] + kBlue * p[2 * plane];
}

LIKEWISE_HOST_DEVICE inline float hexagon(float position, float begin) {
  float k = position + begin;
  k = k >= 6.0F ? k - 6.0F : k;
  const float other = 4.0F - k;
  return clamp_unit(k < other ? k : other);
}

// As kernels::hue, where the formula is explained.
LIKEWISE_HOST_DEVICE inline void turn_hue(float* p, int64_t plane, float turns) {
  const float r = p[0], g = p[plane], b = p[2 * plane];
  const float most = fmaxf(fmaxf(r, g), b), span = most - fminf(fminf(r, g), b);
  const float inverse = 1.0F / (span > 0.0F ? span : 1.0F);
  float position = most == r   ? (g - b) * inverse
                   : most == g ? 2.0F + (b - r) * inverse
                               : 4.0F + (r - g) * inverse;
  position += 6.0F * (turns < 0.0F ? turns + 1.0F : turns);
  position = position < 0.0F ? position + 6.0F : position;
  position = position >= 6.0F ? position - 6.0F : position;
  p[0] = most - span * hexagon(position, 5.0F);
  p[plane] = most - span * hexagon(position, 3.0F);
  p[2 * plane] = most - span * hexagon(position, 1.0F);
}

LIKEWISE_HOST_DEVICE inline float gamma_of(float x, float exponent) {
  if (!(x >= 1e-12F)) return 0.0F;
  const float power = exponent * log2f(x);
  return exp2f(power < -126.0F ? -126.0F : (power > 127.0F ? 127.0F : power));
}

LIKEWISE_HOST_DEVICE inline uint32_t noise_word(const ViewPlan& plan, uint64_t word) {
  const uint64_t block = word / 4;
  uint32_t counter[4] = {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), 0, 0};
  likewise::detail::philox(counter, plan.noise_key[0], plan.noise_key[1]);
  return counter[word % 4];
}

// Value number `at` of `count` that kernels::add_normal adds, for sigma 1: of blocks of 128 values
// the first half are sines, the second the cosines of the same pairs of words.
LIKEWISE_HOST_DEVICE inline float normal_at(const ViewPlan& plan, int64_t at, int64_t count) {
  const int64_t block = at / 128, offset = at % 128;
  const int64_t here = count - 128 * block < 128 ? count - 128 * block : 128;
  const int64_t pairs = (here + 1) / 2, pair = offset < pairs ? offset : offset - pairs;
  const uint64_t word = plan.noise_word + static_cast<uint64_t>(128 * block + 2 * pair);
  constexpr float kUnit = 5.9604644775390625e-8F, kTurn = 6.28318531F;  // 2^-24, 2 pi
  const float u = static_cast<float>((noise_word(plan, word) >> 8) + 1) * kUnit;
  const float v = static_cast<float>(noise_word(plan, word + 1) >> 8) * kUnit - 0.5F;
  const float squared = -2.0F * logf(u), radius = sqrtf(squared > 0.0F ? squared : 0.0F);
  return radius * (offset < pairs ? sinf(kTurn * v) : cosf(kTurn * v));
}

LIKEWISE_HOST_DEVICE inline bool changes_one_pixel(PlanStep kind) {
  switch (kind) {
    case PlanStep::blur:
    case PlanStep::dilate:
    case PlanStep::erode:
    case PlanStep::outline:
    case PlanStep::box_blur:
      return false;
    default:
      return true;
  }
}

// `shift`: what contrast adds.
LIKEWISE_HOST_DEVICE inline void change_pixel(const ViewBatch& batch, const ViewPlan& plan,
                                              const PlannedStep& step, float shift, int64_t at,
                                              float* image) {
  const int64_t plane = batch.plane();
  const int32_t channels = batch.channels;
  const auto amount = static_cast<float>(step.amount);
  float* p = image + at;
  switch (step.kind) {
    case PlanStep::brightness:
      for (int32_t c = 0; c < channels; ++c) p[c * plane] = clamp_unit(amount * p[c * plane]);
      return;
    case PlanStep::contrast:
      for (int32_t c = 0; c < channels; ++c) {
        p[c * plane] = clamp_unit(amount * p[c * plane] + shift);
      }
      return;
    case PlanStep::saturation: {
      if (channels != 3) return;
      const float grey = (1.0F - amount) * luma_of(p, plane);
      for (int32_t c = 0; c < 3; ++c) p[c * plane] = clamp_unit(amount * p[c * plane] + grey);
      return;
    }
    case PlanStep::hue:
      if (channels == 3) turn_hue(p, plane, amount);
      return;
    case PlanStep::gray:
      if (channels == 3) p[0] = p[plane] = p[2 * plane] = luma_of(p, plane);
      return;
    case PlanStep::solarize:
      for (int32_t c = 0; c < channels; ++c) {
        const float x = p[c * plane];
        p[c * plane] = x >= amount ? 1.0F - x : x;
      }
      return;
    case PlanStep::gamma:
      for (int32_t c = 0; c < channels; ++c) p[c * plane] = gamma_of(p[c * plane], amount);
      return;
    case PlanStep::noise:
      for (int32_t c = 0; c < channels; ++c) {
        p[c * plane] += amount * normal_at(plan, c * plane + at, channels * plane);
      }
      return;
    case PlanStep::cutout: {
      const int64_t y = at / batch.size - step.top, x = at % batch.size - step.left;
      if (y < 0 || y >= step.side || x < 0 || x >= step.side) return;
      for (int32_t c = 0; c < channels; ++c) p[c * plane] = amount;
      return;
    }
    default:
      return;
  }
}

// --- steps that look at neighbours, from one image to another

LIKEWISE_HOST_DEVICE inline float inside_or_zero(const float* plane, int64_t size, int64_t y,
                                                 int64_t x, float weight, float& covered) {
  if (y < 0 || x < 0 || y >= size || x >= size) return 0.0F;
  covered += weight;
  return weight * plane[y * size + x];
}

// As kernels::warp_bilinear.
LIKEWISE_HOST_DEVICE inline void warp_pixel(const ViewBatch& batch, const ViewPlan& plan,
                                            const float* from, int64_t at, float* to) {
  const int64_t size = batch.size, plane = batch.plane();
  const double centre = 0.5 * static_cast<double>(size - 1), most = static_cast<double>(size);
  const double dy = static_cast<double>(at / size) - centre;
  const double dx = static_cast<double>(at % size) - centre;
  const double x = plan.xx * dx + plan.xy * dy + plan.x0 + centre;
  const double y = plan.yx * dx + plan.yy * dy + plan.y0 + centre;
  const bool outside = !(x > -1.0 && x < most && y > -1.0 && y < most);
  const int64_t left = outside ? 0 : static_cast<int64_t>(x + 1.0) - 1;
  const int64_t top = outside ? 0 : static_cast<int64_t>(y + 1.0) - 1;
  const auto u = static_cast<float>(x - static_cast<double>(left));
  const auto v = static_cast<float>(y - static_cast<double>(top));
  for (int32_t c = 0; c < batch.channels; ++c) {
    if (outside) {
      to[c * plane + at] = batch.background;
      continue;
    }
    const float* p = from + c * plane;
    float covered = 0.0F;
    float value = inside_or_zero(p, size, top, left, (1.0F - u) * (1.0F - v), covered);
    value += inside_or_zero(p, size, top, left + 1, u * (1.0F - v), covered);
    value += inside_or_zero(p, size, top + 1, left, (1.0F - u) * v, covered);
    value += inside_or_zero(p, size, top + 1, left + 1, u * v, covered);
    to[c * plane + at] = value + (1.0F - covered) * batch.background;
  }
}

LIKEWISE_HOST_DEVICE inline int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  i = (i < 0 ? -i : i) % period;
  return i < n ? i : period - i;
}

// Weighs 2 radius + 1 pixels along rows or columns, mirrored at the edge.
LIKEWISE_HOST_DEVICE inline void blur_pixel(const ViewBatch& batch, const float* weight,
                                            int64_t radius, bool down, const float* from,
                                            int64_t at, float* to) {
  const int64_t size = batch.size, plane = batch.plane(), y = at / size, x = at % size;
  for (int32_t c = 0; c < batch.channels; ++c) {
    float sum = 0.0F;
    for (int64_t k = -radius; k <= radius; ++k) {
      const int64_t near =
          down ? mirrored(y + k, size) * size + x : y * size + mirrored(x + k, size);
      sum += weight[k + radius] * from[c * plane + near];
    }
    to[c * plane + at] = sum;
  }
}

// Largest, smallest and mean of the 3 x 3 pixels around, the edge repeated.
LIKEWISE_HOST_DEVICE inline void around_pixel(const ViewBatch& batch, const PlannedStep& step,
                                              const float* from, int64_t at, float* to) {
  const int64_t size = batch.size, plane = batch.plane(), y = at / size, x = at % size;
  for (int32_t c = 0; c < batch.channels; ++c) {
    const float* p = from + c * plane;
    float most = p[at], least = p[at], sum = 0.0F;
    for (int64_t dy = -1; dy <= 1; ++dy) {
      int64_t row = y + dy;
      row = row < 0 ? 0 : (row < size ? row : size - 1);
      for (int64_t dx = -1; dx <= 1; ++dx) {
        int64_t column = x + dx;
        column = column < 0 ? 0 : (column < size ? column : size - 1);
        const float near = p[row * size + column];
        most = fmaxf(most, near), least = fminf(least, near), sum += near;
      }
    }
    float result = sum * (1.0F / 9.0F);
    if (step.kind == PlanStep::dilate) result = most;
    if (step.kind == PlanStep::erode) result = least;
    if (step.kind == PlanStep::outline) {
      result = step.amount > 0.0 ? 1.0F - (most - least) : most - least;
    }
    to[c * plane + at] = result;
  }
}

// --- the whole

LIKEWISE_HOST_DEVICE inline void write_pixel(const ViewBatch& batch, int64_t view, int64_t at,
                                             const float* image) {
  const int64_t plane = batch.plane(), begin = view * batch.channels * plane;
  for (int32_t c = 0; c < batch.channels; ++c) {
    const int64_t to = begin + (batch.channels_last ? at * batch.channels + c : c * plane + at);
    const float x = batch.scales[c] * image[c * plane + at] + batch.shifts[c];
    if (batch.type == OutType::float32) {
      static_cast<float*>(batch.out)[to] = x;
    } else {
      static_cast<uint16_t*>(batch.out)[to] =
          batch.type == OutType::bfloat16 ? to_bfloat16(x) : to_float16(x);
    }
  }
}

// Weights of a Gaussian, normalised; gives the radius. As kernels::gaussian_blur.
template <class Team>
LIKEWISE_HOST_DEVICE int64_t blur_weights(Team& team, const ViewBatch& batch, double sigma,
                                          float* weight) {
  const auto reach = static_cast<int64_t>(ceil(6.0 * (sigma < 1e9 ? sigma : 1e9)));
  const int64_t half = batch.blur_kernel / 2, radius = half < reach ? half : reach;
  double part = 0.0;
  for (int64_t k = team.rank(); k <= 2 * radius; k += team.size()) {
    const double z = static_cast<double>(k - radius) / sigma;
    part += exp(-0.5 * z * z);
  }
  const double total = team.sum(part);
  for (int64_t k = team.rank(); k <= 2 * radius; k += team.size()) {
    const double z = static_cast<double>(k - radius) / sigma;
    weight[k] = static_cast<float>(exp(-0.5 * z * z) / total);
  }
  return radius;
}

template <class Team>
LIKEWISE_HOST_DEVICE float contrast_shift(Team& team, const ViewBatch& batch, double factor,
                                          const float* image) {
  const int64_t plane = batch.plane();
  double part = 0.0;
  for (int64_t at = team.rank(); at < plane; at += team.size()) {
    part += static_cast<double>(batch.channels == 3 ? luma_of(image + at, plane) : image[at]);
  }
  return static_cast<float>((1.0 - factor) * team.sum(part) / static_cast<double>(plane));
}

// View number `view` of the batch; `scratch` holds batch.scratch() floats of its own.
template <class Team>
LIKEWISE_HOST_DEVICE void make_view(Team& team, const ViewBatch& batch, int64_t view,
                                    float* scratch) {
  const auto& job = *reinterpret_cast<const ViewJob*>(batch.records + batch.starts[view]);
  const int64_t plane = batch.plane(), image = batch.channels * plane;
  float *here = scratch, *other = scratch + image, *weight = scratch + 2 * image;
  // From here to there; all pixels are there before a neighbour is looked at.
  const auto move = [&](const auto& body) {
    team.sync();
    for (int64_t at = team.rank(); at < plane; at += team.size()) body(at);
    float* const before = here;
    here = other;
    other = before;
  };
  for (int64_t at = team.rank(); at < plane; at += team.size()) {
    resample_pixel(batch, job, at, here);
  }
  if (job.plan.warps) {
    move([&](int64_t at) { warp_pixel(batch, job.plan, here, at, other); });
  }
  for (int32_t i = 0; i < job.plan.count; ++i) {
    const PlannedStep& step = job.plan.steps[i];
    if (changes_one_pixel(step.kind)) {
      float shift = 0.0F;
      if (step.kind == PlanStep::contrast) shift = contrast_shift(team, batch, step.amount, here);
      for (int64_t at = team.rank(); at < plane; at += team.size()) {
        change_pixel(batch, job.plan, step, shift, at, here);
      }
    } else if (step.kind == PlanStep::blur) {
      const int64_t radius = blur_weights(team, batch, step.amount, weight);
      move([&](int64_t at) { blur_pixel(batch, weight, radius, true, here, at, other); });
      move([&](int64_t at) { blur_pixel(batch, weight, radius, false, here, at, other); });
    } else {
      move([&](int64_t at) { around_pixel(batch, step, here, at, other); });
    }
  }
  for (int64_t at = team.rank(); at < plane; at += team.size()) write_pixel(batch, view, at, here);
}

}  // namespace likewise::kernels::gpu
