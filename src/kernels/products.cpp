#include "kernels/products.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/gemm/gemm_ops.hpp"
#include "kernels/instruction_sets.hpp"

namespace likewise::kernels {
namespace {

constexpr int64_t kStepDepth = 512;  // as gemm: a block of rows stays in the nearest cache
constexpr int64_t kStepColumns = 256;

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

}  // namespace

ProductRows::ProductRows(const float* a, int64_t m, int64_t d, Simd simd)
    : m_(m), d_(d), simd_(simd) {
  const gemm_detail::Ops<float>& ops = gemm_detail::ops<float>(simd);
  blocks_ = round_up(m, ops.height) / ops.height;
  slot_ = ops.height * round_up(std::min(kStepDepth, d), gemm_detail::kChunk);
  packed_.resize(static_cast<size_t>(round_up(d, kStepDepth) / kStepDepth * blocks_ * slot_));
  float* to = packed_.data();
  for (int64_t k = 0; k < d; k += kStepDepth) {
    for (int64_t x = 0; x < blocks_; ++x, to += slot_) {
      ops.pack_rows({a, d}, first_of(x), first_of(x + 1) - first_of(x), m, k,
                    std::min(kStepDepth, d - k), to);
    }
  }
}

void ProductRows::times(const float* b, int64_t n, float* c, int64_t step) const {
  const gemm_detail::Ops<float>& ops = gemm_detail::ops<float>(simd_);
  thread_local LineFloats panels;
  const int64_t most = round_up(std::min(kStepColumns, n), ops.panel) * std::min(kStepDepth, d_);
  if (static_cast<int64_t>(panels.size()) < most) panels.resize(static_cast<size_t>(most));
  for (int64_t i = 0; d_ == 0 && i < m_; ++i) std::fill_n(c + i * step, n, 0.0F);
  for (int64_t j0 = 0; j0 < n; j0 += kStepColumns) {
    const int64_t columns = std::min(kStepColumns, n - j0);
    const float* block = packed_.data();
    for (int64_t k = 0; k < d_; k += kStepDepth) {
      const int64_t depth = std::min(kStepDepth, d_ - k);
      for (int64_t j = 0; j < columns; j += ops.panel) {
        ops.pack_panel({b, d_, true}, j0 + j, std::min(ops.panel, columns - j), k, depth,
                       panels.data() + j * depth);
      }
      for (int64_t x = 0; x < blocks_; ++x, block += slot_) {
        const int64_t first = first_of(x), rows = first_of(x + 1) - first;
        for (int64_t j = 0; j < columns; j += ops.panel) {
          ops.multiply(block, rows, panels.data() + j * depth, std::min(ops.panel, columns - j),
                       depth, c + first * step + j0 + j, step, k > 0);
        }
      }
    }
  }
}

ProductSearch::ProductSearch(const float* a, int64_t m, int64_t d, Simd simd)
    : m_(m), d_(d), simd_(simd) {
  const gemm_detail::Ops<float>& ops = gemm_detail::ops<float>(simd);
  const int64_t padded = round_up(m, ops.panel);
  panels_.resize(static_cast<size_t>(padded * d));
  for (int64_t j = 0; j < m; j += ops.panel) {
    ops.pack_panel({a, d, true}, j, std::min(ops.panel, m - j), 0, d, panels_.data() + j * d);
  }
  thresholds_.assign(static_cast<size_t>(padded), std::numeric_limits<float>::infinity());
  std::fill_n(thresholds_.begin(), m, -std::numeric_limits<float>::infinity());
}

void ProductSearch::scan(
    const float* b, int64_t n, float factor, const float* offsets,
    const std::function<void(int64_t query, int64_t row, float score)>& hit) const {
  const gemm_detail::Ops<float>& ops = gemm_detail::ops<float>(simd_);
  LineFloats block(static_cast<size_t>(ops.height * round_up(d_, gemm_detail::kChunk)));
  LineFloats scores(static_cast<size_t>(ops.height * ops.panel));
  const std::vector<float> none(static_cast<size_t>(ops.height));
  for (int64_t first = 0; first < n; first += ops.height) {
    const int64_t rows = std::min(ops.height, n - first);
    ops.pack_rows({b, d_}, first, rows, n, 0, d_, block.data());
    for (int64_t j = 0; j < m_; j += ops.panel) {
      const float* thresholds = thresholds_.data() + j;
      const uint32_t reached =
          ops.reach(block.data(), rows, panels_.data() + j * d_, d_, factor,
                    offsets ? offsets + first : none.data(), thresholds, scores.data());
      if (reached == 0) continue;
      const int64_t columns = std::min(ops.panel, m_ - j);
      for (int64_t r = 0; r < rows; ++r) {
        if ((reached >> r & 1) == 0) continue;
        const float* row = scores.data() + r * ops.panel;
        for (int64_t c = 0; c < columns; ++c) {
          if (row[c] >= thresholds[c]) hit(j + c, first + r, row[c]);
        }
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
