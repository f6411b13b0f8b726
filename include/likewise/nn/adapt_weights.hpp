#pragma once
// Weights made for one image size, patch or number of channels, changed to fit another.

#include "likewise/tensor.hpp"

namespace likewise {

// How the program that the weights come from resamples position embeddings: bicubic in every case.
struct PositionResampling {
  bool antialias = true;
  bool align_corners = false;
  double offset = 0;  // without antialias: the scale is (new + offset) / old; DINOv2 has 0.1
};

// embedding [1, 1 + s s, D], class token first -> [1, 1 + side side, D].
Tensor resample_positions(const Tensor& embedding, int64_t side, const PositionResampling& how);

// weight [O, C, p, p] -> [O, C, patch, patch]: the patch embedding whose answer to a resized patch
// is nearest to the old one's to the patch itself: w' = pinv(R^T) w, R the bicubic resize (Beyer et
// al., "FlexiViT", CVPR 2023).
Tensor resample_patches(const Tensor& weight, int64_t patch);

// weight [O, C, h, w] -> [O, channels, h, w]. One channel: the sum, so that a grey image is
// answered as if it stood in every channel. More: repeated, times C / channels.
Tensor change_channels(const Tensor& weight, int64_t channels);

}  // namespace likewise
