#pragma once
// Elementary neighbourhood views: blurs, and thicker, thinner or hollow strokes. Deterministic.
// Images are float [C, H, W] in [0, 1], C = 1 or 3; any size from one pixel.

#include <cstdint>

#include "likewise/tensor.hpp"

namespace likewise {

// Separable weights exp(-k^2 / (2 sigma^2)) at whole pixels, normalised; the image is mirrored at
// its edge (the edge pixel not repeated). `kernel` is odd, sigma > 0. Equals torchvision's.
Tensor gaussian_blur(const Tensor& x, int64_t kernel, double sigma);

// Mean of the 3 x 3 neighbours, the edge repeated.
Tensor box_blur(const Tensor& x);

// Largest / smallest of the 3 x 3 neighbours: bright strokes become thicker / thinner.
Tensor dilate(const Tensor& x);
Tensor erode(const Tensor& x);

// dilate - erode: the outline of every stroke, bright on black.
Tensor outline(const Tensor& x);

}  // namespace likewise
