#pragma once
// Shared by the evaluations: checked features, unit rows, exact dot products, tiles of fixed size.

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "kernels/products.hpp"
#include "likewise/base/interrupt.hpp"
#include "likewise/tensor.hpp"
#include "nn/product.hpp"

namespace likewise::eval_detail {

// While one exists, OpenBLAS computes on the calling thread: tiles are parallel themselves, and a
// pool that every tile's product waits for costs tenfold on a busy machine. Results then do not
// depend on the pool's size either. Nests; does nothing inside a parallel region or with another
// BLAS.
class SerialBlas {
 public:
  SerialBlas();
  ~SerialBlas();
  SerialBlas(const SerialBlas&) = delete;
  SerialBlas& operator=(const SerialBlas&) = delete;

 private:
  bool active_ = false;
};

// body(begin, end, tile) for every tile of [0, n), in parallel. The borders depend on n and `rows`
// only, so results that are combined in tile order do not depend on the number of threads.
template <class Body>
void for_each_tile(int64_t n, int64_t rows, const Body& body) {
  const SerialBlas serial;
  const int64_t tiles = (n + rows - 1) / rows;
  at::parallel_for(0, tiles, 1, [&](int64_t first, int64_t last) {
    for (int64_t t = first; t < last; ++t) {
      check_interrupt();
      body(t * rows, std::min(n, (t + 1) * rows), t);
    }
  });
}

// float32, contiguous, on the CPU, without gradient. UserError unless [N, D] with finite values.
Tensor as_features(const Tensor& x, std::string_view what);

// int64, contiguous, on the CPU. UserError unless [n].
Tensor as_labels(const Tensor& y, int64_t n, std::string_view what);

// Rows of `as_features(x)` divided by their length; rows of zeros stay.
Tensor unit_rows(const Tensor& x);

using kernels::dot;
using kernels::squared_distance;
using likewise::detail::mm;

}  // namespace likewise::eval_detail
