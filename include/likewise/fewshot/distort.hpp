#pragma once
// Random affine distortions of the images of episodes: more drawings of the characters there are.

#include "likewise/base/options.hpp"
#include "likewise/base/random.hpp"
#include "likewise/fewshot/batch.hpp"
#include "likewise/views/geometry.hpp"

namespace likewise::fewshot {

// The ranges are those of Koch, Zemel, Salakhutdinov, "Siamese neural networks for one-shot image
// recognition", ICML deep learning workshop 2015, section 3.3; two of their 105 pixels are 0.019.
struct DistortRanges {
  double chance = 0.5;
  double degrees = 10;
  double shear = 0.3;
  double scale = 0.2;
  double translate = 2.0 / 105;
  template <class V>
  void fields(V& v) {
    v("chance", chance, "with which each of the parts below is in an affine map", range(0, 1));
    v("degrees", degrees, "turn, uniform in plus or minus this", range(0, 180));
    v("shear", shear, "along each axis, uniform in plus or minus this", range(0, 0.9));
    v("scale", scale, "of each axis, uniform in 1 plus or minus this", range(0, 0.9));
    v("translate", translate, "along each axis, in parts of the side", range(0, 1));
  }
};

struct DistortOptions : DistortRanges {
  bool affine = false;
  template <class V>
  void fields(V& v) {
    v("affine", affine, "distort every training image by a random affine map of its own");
    DistortRanges::fields(v);
  }
};

// A map for an image of `side` pixels: first scale, then shear, then turn, then shift, each part
// in it with `chance`.
AffineMap draw_distortion(const DistortRanges& options, int64_t side, Rng& rng);

// x float [C, S, S] through a map, bilinear; what comes from outside is the mean of the corners of
// its channel (the paper of a drawing). A new tensor [C, S, S].
Tensor distorted(const Tensor& x, const AffineMap& map);

// Distorts every image of the batch, image i of episode e by the stream (seed, e, i); `first` is
// the number of the batch's first episode. Does nothing unless options.affine.
void distort(EpisodeBatch& batch, const DistortOptions& options, uint64_t seed, int64_t first);

}  // namespace likewise::fewshot
