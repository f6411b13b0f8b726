#pragma once
// Inner products of rows of floats, at the machine's speed whichever BLAS is installed.

#include <cstdint>
#include <functional>

#include "kernels/aligned.hpp"
#include "kernels/simd.hpp"

namespace likewise::kernels {

// Rows a [m, d], copied once into the layout that products want.
class ProductRows {
 public:
  ProductRows(const float* a, int64_t m, int64_t d, Simd simd = best_simd());

  // c[i * step + j] = a_i . b_j for rows b [n, d], on the calling thread. Each sum runs over d in
  // order, so that a product does not depend on m, n or its place.
  void times(const float* b, int64_t n, float* c, int64_t step) const;

 private:
  // The rows go in blocks of nearly equal height.
  int64_t first_of(int64_t block) const { return m_ * block / blocks_; }

  int64_t m_, d_;
  Simd simd_;
  int64_t blocks_ = 0, slot_ = 0;  // slot_: floats from one packed block to the next
  LineFloats packed_;
};

// The same products where only large ones matter: they are compared while they are in registers.
class ProductSearch {
 public:
  // Queries a [m, d], copied once.
  ProductSearch(const float* a, int64_t m, int64_t d, Simd simd = best_simd());

  // What a query must reach; minus infinity at first. May be raised by `hit`.
  float& threshold(int64_t query) { return thresholds_[static_cast<size_t>(query)]; }

  // Calls hit(query, row, score) for every row of b [n, d] whose score, factor * (query . row) +
  // offsets[row] (no offsets: 0), is at least the query's threshold at some moment between the
  // beginning of the scan and the row's turn, rows in order for every query. Scores are those of
  // ProductRows.
  void scan(const float* b, int64_t n, float factor, const float* offsets,
            const std::function<void(int64_t query, int64_t row, float score)>& hit) const;

 private:
  int64_t m_, d_;
  Simd simd_;
  LineFloats panels_, thresholds_;
};

// The same for rows that are used once.
void inner_products(const float* a, int64_t m, const float* b, int64_t n, int64_t d, float* c,
                    int64_t step, Simd simd = best_simd());

// In double, in an order that depends on n alone: equal rows give equal bits wherever they stand.
double dot(const float* a, const float* b, int64_t n);
double squared_distance(const float* a, const float* b, int64_t n);

bool all_finite(const float* x, int64_t n);
// The first i in [begin, n) with x[i] >= threshold, or n. x holds no NaN.
int64_t first_reaching(const float* x, int64_t begin, int64_t n, float threshold);

}  // namespace likewise::kernels
