#pragma once
// One query to each class: the best pairing, for episodes that are known to have one of each.

#include <vector>

#include "likewise/tensor.hpp"

namespace likewise::fewshot {

// The permutation p of least sum_i cost[i][p_i], cost [n, n] finite, in O(n^3) by shortest
// augmenting paths. Source: Jonker and Volgenant, "A shortest augmenting path algorithm for dense
// and sparse linear assignment problems", Computing 38, 1987.
std::vector<int64_t> least_assignment(const Tensor& cost);

// The way of each query when every way has exactly one: scores [N, N] (query, way), the largest
// sum. Transductive: the queries decide together, which a program that names one image at a time
// cannot. A constant added to a query's scores changes nothing.
std::vector<int64_t> one_to_one(const Tensor& scores);

}  // namespace likewise::fewshot
