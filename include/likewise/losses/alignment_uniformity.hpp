#pragma once
// Two numbers that say how embeddings lie on the sphere: near their positives, and spread out.

#include "likewise/tensor.hpp"

namespace likewise {

// How far apart the two views of a sample are: mean |x_i - y_i|^alpha, rows divided by their norms.
// x, y [N, D] -> scalar in [0, 2^alpha]; 0: views coincide.
// Source: Wang and Isola, ICML 2020 (arXiv 2005.10242), equation 1.
Tensor alignment(const Tensor& x, const Tensor& y, double alpha = 2);

// How evenly embeddings fill the sphere: log mean_{i<j} exp(-t |x_i - x_j|^2), rows divided by
// their norms. x [N, D], N >= 2 -> scalar in [-4t, 0]; 0: collapsed to a point. Memory is O(N D),
// with a gradient, too; it can be differentiated once. Source: as above, equation 2; the authors'
// code likewise takes the mean over pairs i < j.
Tensor uniformity(const Tensor& x, double t = 2);

}  // namespace likewise
