#include "likewise/fewshot/distort.hpp"

#include <ATen/TensorOperators.h>

#include <cmath>

namespace likewise::fewshot {

namespace {

constexpr uint64_t kDistortStream = 0xd157;

double within(Rng& rng, double chance, double bound) {
  const bool there = rng.chance(chance);
  const double value = rng.uniform(-bound, bound);  // always drawn, so that parts do not interact
  return there ? value : 0;
}

double corner_mean(const Tensor& plane) {
  const int64_t h = plane.size(1) - 1, w = plane.size(2) - 1;
  const float* at = plane.data_ptr<float>();
  const int64_t width = plane.size(2);
  return (static_cast<double>(at[0]) + at[w] + at[h * width] + at[h * width + w]) / 4;
}

}  // namespace

AffineMap draw_distortion(const DistortRanges& options, int64_t side, Rng& rng) {
  const double turn = within(rng, options.chance, options.degrees) * std::acos(-1.0) / 180;
  const double shear_x = within(rng, options.chance, options.shear);
  const double shear_y = within(rng, options.chance, options.shear);
  const double sx = 1 + within(rng, options.chance, options.scale);
  const double sy = 1 + within(rng, options.chance, options.scale);
  const double shift = options.translate * static_cast<double>(side);
  const double tx = within(rng, options.chance, shift), ty = within(rng, options.chance, shift);
  // Picture: p -> R H S p + t, with H = [[1, hx], [hy, 1]]; where a pixel comes from is the
  // inverse.
  const double c = std::cos(turn), s = std::sin(turn);
  const double a = (c - s * shear_y) * sx, b = (c * shear_x - s) * sy;
  const double d = (s + c * shear_y) * sx, e = (s * shear_x + c) * sy;
  const double det = a * e - b * d;
  AffineMap map;
  map.xx = e / det;
  map.xy = -b / det;
  map.yx = -d / det;
  map.yy = a / det;
  map.x0 = -(map.xx * tx + map.xy * ty);
  map.y0 = -(map.yx * tx + map.yy * ty);
  return map;
}

Tensor distorted(const Tensor& x, const AffineMap& map) {
  const Tensor in = x.contiguous();
  Tensor out = in.clone();
  for (int64_t c = 0; c < in.size(0); ++c) {
    const Tensor plane = in.narrow(0, c, 1);
    out.narrow(0, c, 1).copy_(affine(plane, map, Interpolation::bilinear, corner_mean(plane)));
  }
  return out;
}

void distort(EpisodeBatch& batch, const DistortOptions& options, uint64_t seed, int64_t first) {
  if (!options.affine) return;
  const int64_t each = batch.shape.size();
  for (int64_t i = 0; i < batch.images.size(0); ++i) {
    Rng rng(seed, {kDistortStream, static_cast<uint64_t>(first + i / each),
                   static_cast<uint64_t>(i % each)});
    Tensor image = batch.images[i];
    image.copy_(distorted(image, draw_distortion(options, image.size(2), rng)));
  }
}

}  // namespace likewise::fewshot
