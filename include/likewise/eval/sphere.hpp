#pragma once
// Alignment and uniformity: do views of one thing meet, and does the sphere get used?
// Wang and Isola 2020, arXiv 2005.10242. Measured here, in double; `losses` has them for training.

#include "likewise/tensor.hpp"

namespace likewise {

// Mean of |x_i - y_i|^2 of L2-normalised rows: 0 when every pair coincides, 2 for unrelated pairs.
double sphere_alignment(const Tensor& x, const Tensor& y);

// log of the mean over i < j of exp(-2 |x_i - x_j|^2) of L2-normalised rows: 0 when all coincide,
// about -4 when spread evenly over a sphere of many dimensions. N >= 2.
double sphere_uniformity(const Tensor& x);

// Cosines of positives (z0_i, z1_i) against the other rows of the batch (z0_i, z1_j), j != i.
struct PairStatistics {
  double positive_cosine = 0;          // mean over i
  double mean_negative_cosine = 0;     // mean over i, j
  double hardest_negative_cosine = 0;  // mean over i of the largest over j
  double near_share = 0;               // of all pairs i != j: those of cosine above 0.95
  double retrieval = 0;                // share of i whose positive is nearer than every negative
};
PairStatistics pair_statistics(const Tensor& z0, const Tensor& z1);  // [N, d] each, N >= 2

}  // namespace likewise
