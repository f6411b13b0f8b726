#pragma once
// Cross-entropy of similarities between queries and keys, with gradients, without the matrix of
// similarities: tiles that live in cache.

#include "kernels/contrastive/nt_xent.hpp"

namespace likewise::kernels {

// With q_i, k_j the rows (divided by their norms if `normalize`), s_ij = q_i . k_j, c = scale = 1 /
// temperature, b_j the logarithm of a key's weight:
//   l_i = -c mean_{p in P_i} s_ip + log sum_{j in A_i} exp(c s_ij + b_j)
// The own positive of query i is the key positive[i], or the vector positive_key[i], which then
// stands beside the keys with weight 1. P_i: the own positive, and with groups_attract all keys of
// the query's group but self[i]. A_i: all of them and all keys but self[i]; when decoupled without
// P_i; when groups do not attract without the keys of the query's group (the own positive stays).
// An index of -1 is none, a negative group is none. The loss is the mean over the queries that have
// a positive and a denominator; 0 if there are none.
struct InfoNceProblem {
  const float* q = nullptr;  // n * d, row-major
  const float* k = nullptr;  // m * d
  int64_t n = 0, m = 0, d = 0;
  float scale = 1;  // > 0
  bool normalize = true;
  bool decoupled = false;
  bool groups_attract = true;
  const int64_t* positive = nullptr;      // [n] in [-1, m), or null
  const float* positive_key = nullptr;    // n * d, or null; not together with `positive`
  const int64_t* self = nullptr;          // [n] in [-1, m), or null
  const int64_t* query_group = nullptr;   // [n], or null
  const int64_t* key_group = nullptr;     // [m], given together with query_group
  const float* key_log_weight = nullptr;  // [m], or null
};

// What is not null is filled: n * d, m * d, n * d.
struct InfoNceGradients {
  float* q = nullptr;
  float* k = nullptr;
  float* positive_key = nullptr;
};

struct InfoNceValue {
  double loss;
  double scale_gradient;  // d loss / d scale; 0 when no gradient was asked for
};

// Memory: copies of the queries, 1.3 MB a piece of the keys, and with a gradient of the keys one
// copy of these and at most max(16 MB, 832 m bytes) of exponentials.
InfoNceValue info_nce(const InfoNceProblem& problem, const InfoNceGradients& gradients,
                      const ForEach& for_each = serial_for, Simd simd = best_simd());

}  // namespace likewise::kernels
