#pragma once
// The inner loops of matrix products, one set an instruction set.
//
// A block of R <= `height` rows of the left factor is packed as [k / kChunk][R][kChunk]: the rows'
// pieces lie behind one another, and one pointer reaches all of them. A panel of `panel` columns of
// the right factor is packed as [k][panel], zeros beyond the last column.

#include <cstdint>

#include "kernels/gemm/gemm.hpp"

namespace likewise::kernels::gemm_detail {

constexpr int64_t kChunk = 16;

template <class T>
struct Ops {
  int64_t height;  // rows that are multiplied at a time
  int64_t panel;   // columns, two vectors

  void (*pack_rows)(MatrixOf<T> a, int64_t first, int64_t rows, int64_t all_rows, int64_t k0,
                    int64_t depth, T* packed);
  void (*pack_panel)(MatrixOf<T> b, int64_t first, int64_t columns, int64_t k0, int64_t depth,
                     T* packed);
  // c (rows x columns) = or += packed rows times packed panel.
  void (*multiply)(const T* rows_packed, int64_t rows, const T* panel_packed, int64_t columns,
                   int64_t depth, T* c, int64_t c_step, bool add);
  // scores[r][j] = factor * (row r . column j) + offsets[r] for a whole panel. Returns the rows, as
  // bits, that have a score of at least its column's threshold.
  uint32_t (*reach)(const T* rows_packed, int64_t rows, const T* panel_packed, int64_t depth,
                    T factor, const T* offsets, const T* thresholds, T* scores);
};

template <class T>
const Ops<T>& ops(Simd simd);  // of float and double

}  // namespace likewise::kernels::gemm_detail
