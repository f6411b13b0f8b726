#pragma once
// The parts of t-SNE.

#include <cstdint>
#include <vector>

#include "likewise/tensor.hpp"

namespace likewise::eval_detail {

// Row i: p(j | i) = exp(-beta_i d_ij) / sum, beta_i such that the row's perplexity 2^H (H in bits)
// is as asked. Squared distances [N, k] -> double [N, k], rows sum to 1.
Tensor conditional_affinities(const Tensor& squared_distances, double perplexity);

// A sparse symmetric matrix by rows: row i has columns and values [offsets[i], offsets[i + 1]).
struct Affinities {
  std::vector<int64_t> offsets;
  std::vector<int32_t> columns;
  std::vector<double> values;
  int64_t size() const { return static_cast<int64_t>(offsets.size()) - 1; }
};

// p_ij = (p(j | i) + p(i | j)) / 2N from neighbour lists [N, k]; sums to 1.
Affinities joint_affinities(const Tensor& indices, const Tensor& conditional);

struct Point {
  double x = 0, y = 0;
};

// KL(P || Q) and its gradient, 4 sum_j (e p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2), the
// exaggeration e entering the gradient only. Exact for theta = 0. KL costs a logarithm a pair; 0 is
// returned when it is not asked for.
double tsne_gradient(const Affinities& p, const std::vector<Point>& y, double theta,
                     double exaggeration, std::vector<Point>& gradient, bool divergence = true);

}  // namespace likewise::eval_detail
