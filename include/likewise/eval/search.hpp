#pragma once
// Exact nearest neighbours by brute force, in tiles of bounded memory.

#include <cstdint>

#include "likewise/tensor.hpp"

namespace likewise {

enum class Metric {
  kCosine,        // larger is nearer, in [-1, 1]
  kInnerProduct,  // larger is nearer
  kL2,            // squared Euclidean distance, smaller is nearer
};

struct Neighbours {
  Tensor scores;   // float [Q, k], nearest first
  Tensor indices;  // int64 [Q, k], rows of the base
};

// The k nearest rows of `base` [N, D] for every row of `queries` [Q, D]; k is cut to N.
// Exact and deterministic: a matrix product proposes candidates with a margin above its rounding
// error, inner products in double decide, and the lower index wins a tie. (Where more than a few
// thousand rows tie within single precision, as after a collapse, single precision decides.)
// UserError for values that are not finite or dimensions that differ.
Neighbours top_k(const Tensor& queries, const Tensor& base, int64_t k,
                 Metric metric = Metric::kCosine);

// The same for every row of `x` among the other rows: itself left out; k is cut to N - 1.
Neighbours top_k_others(const Tensor& x, int64_t k, Metric metric = Metric::kCosine);

}  // namespace likewise
