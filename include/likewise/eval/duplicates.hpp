#pragma once
// Near-duplicates: groups of rows that show almost the same thing.

#include <cstdint>
#include <vector>

#include "likewise/tensor.hpp"

namespace likewise {

// Groups of two or more rows of x [N, D] that are linked by pairs of cosine > threshold (single
// linkage: the ends of a chain may be farther apart). Rows ascend within a group, groups by their
// first row. Memory is bounded by tiles; time grows with N^2. UserError unless 0 < threshold <= 1.
std::vector<std::vector<int64_t>> near_duplicates(const Tensor& x, double threshold = 0.95);

}  // namespace likewise
