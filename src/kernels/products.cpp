#include "kernels/products.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/contrastive/tile.hpp"
#include "kernels/instruction_sets.hpp"

namespace likewise::kernels {
namespace {

// `rows` rows of d floats, padded with zeros to `height` rows of `width` floats.
void pad(const float* from, int64_t rows, int64_t d, int64_t height, int64_t width,
         LineFloats& to) {
  to.assign(static_cast<size_t>(height * width), 0.0F);
  for (int64_t i = 0; i < rows; ++i) {
    std::memcpy(to.data() + i * width, from + i * d, static_cast<size_t>(d) * sizeof(float));
  }
}

// Tiles of kRows rows one after another, each in panels (tile.hpp).
void to_panels(const float* from, int64_t rows, int64_t d, int64_t panel, int64_t panels,
               LineFloats& to) {
  const int64_t tiles = (rows + tile::kRows - 1) / tile::kRows, stride = tile::kRows * panel;
  to.assign(static_cast<size_t>(tiles * panels * stride), 0.0F);
  for (int64_t i = 0; i < rows; ++i) {
    float* row = to.data() + i / tile::kRows * panels * stride + i % tile::kRows * panel;
    for (int64_t q = 0; q < panels; ++q) {
      std::memcpy(row + q * stride, from + i * d + q * panel,
                  static_cast<size_t>(std::min(panel, d - q * panel)) * sizeof(float));
    }
  }
}

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

}  // namespace

ProductRows::ProductRows(const float* a, int64_t m, int64_t d, Simd simd)
    : m_(m), d_(d), simd_(simd) {
  const int64_t panel = tile::ops(simd).panel;
  to_panels(a, m, d, panel, (d + panel - 1) / panel, panels_);
}

void ProductRows::times(const float* b, int64_t n, float* c, int64_t step) const {
  const tile::Ops& ops = tile::ops(simd_);
  const int64_t panels = (d_ + ops.panel - 1) / ops.panel, padded = panels * ops.panel;
  thread_local LineFloats packed, s, padded_b;
  packed.resize(static_cast<size_t>(tile::kLeading * padded));
  s.resize(static_cast<size_t>(tile::kRows * tile::kLeading));
  for (int64_t j0 = 0; j0 < n; j0 += tile::kRows) {
    const int64_t columns = std::min(tile::kRows, n - j0);
    const float* rows_b = b + j0 * d_;  // used where they lie unless vectors would read beyond them
    if (d_ != padded || columns % ops.width != 0) {
      pad(rows_b, columns, d_, round_up(columns, ops.width), padded, padded_b);
      rows_b = padded_b.data();
    }
    ops.pack(rows_b, padded, ops.panel, panels, columns, packed.data());
    for (int64_t i0 = 0; i0 < m_; i0 += tile::kRows) {
      const int64_t rows = std::min(tile::kRows, m_ - i0);
      ops.similarity(panels_.data() + i0 * padded, ops.panel, tile::kRows * ops.panel, panels,
                     packed.data(), rows, columns, s.data());
      for (int64_t r = 0; r < rows; ++r) {
        std::memcpy(c + (i0 + r) * step + j0, s.data() + r * tile::kLeading,
                    static_cast<size_t>(columns) * sizeof(float));
      }
    }
  }
}

void inner_products(const float* a, int64_t m, const float* b, int64_t n, int64_t d, float* c,
                    int64_t step, Simd simd) {
  ProductRows(a, m, d, simd).times(b, n, c, step);
}

namespace {
struct RowPasses {
  double (*dot)(const float* a, const float* b, int64_t n);
  double (*squared_distance)(const float* a, const float* b, int64_t n);
  bool (*all_finite)(const float* x, int64_t n);
  int64_t (*first_reaching)(const float* x, int64_t begin, int64_t n, float threshold);
};
}  // namespace

#if LIKEWISE_HAS_SETS
LIKEWISE_AVX512_BEGIN
namespace row_passes_avx512 {
namespace {
#include "kernels/row_passes_body.inc"
}
}  // namespace row_passes_avx512
LIKEWISE_SET_END
LIKEWISE_AVX2_BEGIN
namespace row_passes_avx2 {
namespace {
#include "kernels/row_passes_body.inc"
}
}  // namespace row_passes_avx2
LIKEWISE_SET_END
#endif
namespace row_passes_portable {
namespace {
#include "kernels/row_passes_body.inc"
}
}  // namespace row_passes_portable

namespace {
const RowPasses& row_passes() {
#if LIKEWISE_HAS_SETS
  if (best_simd() == Simd::kAvx512) return row_passes_avx512::kRowPasses;
  if (best_simd() == Simd::kAvx2) return row_passes_avx2::kRowPasses;
#endif
  return row_passes_portable::kRowPasses;
}
}  // namespace

double dot(const float* a, const float* b, int64_t n) { return row_passes().dot(a, b, n); }
double squared_distance(const float* a, const float* b, int64_t n) {
  return row_passes().squared_distance(a, b, n);
}
bool all_finite(const float* x, int64_t n) { return row_passes().all_finite(x, n); }
int64_t first_reaching(const float* x, int64_t begin, int64_t n, float threshold) {
  return row_passes().first_reaching(x, begin, n, threshold);
}

}  // namespace likewise::kernels
