#pragma once
// Elementary colour views: what value a pixel has. Deterministic, every parameter explicit.
// Images are float [C, H, W] in [0, 1], C = 1 or 3, and results stay in [0, 1]. The formulas are
// torchvision's for float tensors; grey = 0.2989 R + 0.587 G + 0.114 B. On one channel saturation,
// hue and grayscale are the identity. UserError for another shape or type.

#include <cstdint>
#include <vector>

#include "likewise/tensor.hpp"

namespace likewise {

Tensor brightness(const Tensor& x, double factor);  // clamp(f x), f >= 0
Tensor contrast(const Tensor& x, double factor);    // clamp(f x + (1 - f) mean grey), f >= 0
Tensor saturation(const Tensor& x, double factor);  // clamp(f x + (1 - f) grey), f >= 0
Tensor hue(const Tensor& x,
           double turns);           // turns the hue of HSV by a part of the circle, |f| <= .5
Tensor grayscale(const Tensor& x);  // grey in every channel
Tensor solarize(const Tensor& x, double threshold);  // x >= t ? 1 - x : x
Tensor gamma(const Tensor& x, double exponent);      // x^g, g > 0; relative error below 1e-5

// 1 -> 3 channels repeats the channel; 3 -> 1 takes the grey value.
Tensor to_channels(const Tensor& x, int64_t channels);

// (x - mean[c]) / std[c]. One value serves every channel.
Tensor normalise(const Tensor& x, const std::vector<double>& mean, const std::vector<double>& std);

}  // namespace likewise
