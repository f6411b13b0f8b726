#pragma once
// The inner loops of the contrastive kernels, one set an instruction set.
//
// Embeddings are stored in panels of `panel` columns: element (row, column) lies at
//   (column / panel) * stride + row * panel + column % panel,
// stride = (padded rows) * panel, so that a row's piece is one or two vectors, the pieces of a
// tile's rows are one stretch of memory, and one layout serves as either factor of a product.
// `pack` and `similarity` also take rows as they come, `row_step` floats apart and `panel_step` =
// panel.

#include <cstdint>

#include "kernels/contrastive/nt_xent.hpp"

namespace likewise::kernels::tile {

constexpr int64_t kRows = 192;            // rows and columns of a tile; a multiple of 12 and of 32
constexpr int64_t kLeading = kRows + 16;  // of a tile in memory: an odd number of cache lines

struct Ops {
  int64_t panel;

  int64_t width;  // floats in a vector
  int64_t block;  // rows that are multiplied at a time

  // packed[c / panel][k][c % panel] = element k of row c of the tile that starts at `rows_at`, for
  // c < columns, rounded up to a multiple of `width`.
  void (*pack)(const float* rows_at, int64_t row_step, int64_t panel_step, int64_t panels,
               int64_t columns, float* packed);

  // s[r][c] = sum_k a_rk b_ck for r < rows, rounded up to a multiple of `block`, and c < columns,
  // rounded up to whole panels; b packed.
  void (*similarity)(const float* a, int64_t row_step, int64_t panel_step, int64_t panels,
                     const float* packed, int64_t rows, int64_t columns, float* s);

  // out += g b and out += g^T a, where g has rows x columns valid entries.
  void (*accumulate)(const float* g, const float* b, int64_t stride, int64_t panels, int64_t rows,
                     int64_t columns, float* out);
  void (*accumulate_transposed)(const float* g, const float* a, int64_t stride, int64_t panels,
                                int64_t rows, int64_t columns, float* out);

  // In what follows columns are processed up to the next multiple of `panel`; the caller has set
  // excluded entries, those beyond the last column among them, to -infinity. exp means 2^x.
  // e = exp(scale s - shift): row_sums[r] and column_sums[c] += sums of e.
  void (*exp_sums)(const float* s, float scale, float shift, int64_t rows, int64_t columns,
                   double* row_sums, double* column_sums);
  // s <- exp(scale s - shift) (row_weights[r] + column_weights[c])
  void (*exp_weights)(float* s, float scale, float shift, int64_t rows, int64_t columns,
                      const float* row_weights, const float* column_weights);

  // The same with a shift for every row, safe for any scale, at the price of two exponentials.
  void (*maxima)(const float* s, float scale, int64_t rows, int64_t columns, float* row_maxima,
                 float* column_maxima);
  void (*exp_sums_safe)(const float* s, float scale, int64_t rows, int64_t columns,
                        const float* row_shifts, const float* column_shifts, double* row_sums,
                        double* column_sums);
  void (*exp_weights_safe)(float* s, float scale, int64_t rows, int64_t columns,
                           const float* row_shifts, const float* column_shifts);

  // For one direction: rows look at columns. `offsets` has an entry for every column up to the next
  // multiple of `panel`, -infinity beyond the last column.
  // s <- exp(scale s + offsets[c] - row_shifts[r]), and row_sums[r] += their sum.
  void (*exp_rows)(float* s, float scale, const float* offsets, const float* row_shifts,
                   int64_t rows, int64_t columns, double* row_sums);
  // row_maxima[r] = max(row_maxima[r], scale s + offsets[c])
  void (*maxima_of_rows)(const float* s, float scale, const float* offsets, int64_t rows,
                         int64_t columns, float* row_maxima);
  // s <- -infinity where row and column are of different groups (`same`), or of the same one.
  void (*keep_groups)(float* s, const int32_t* row_groups, const int32_t* column_groups,
                      int64_t rows, int64_t columns, bool same);
  // A row of d floats times `by`, into panels `stride` floats apart.
  void (*scale_row)(const float* x, double by, int64_t d, float* out, int64_t stride);
};

const Ops& portable_ops();
const Ops* avx2_ops();      // null where the compiler or the processor has no AVX2 and FMA
const Ops* avx512_ops();    // null likewise
const Ops& ops(Simd simd);  // the best set up to `simd` that can run

}  // namespace likewise::kernels::tile
