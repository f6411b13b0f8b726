#include "kernels/gemm/gemm.hpp"

#include <algorithm>

#include "kernels/aligned.hpp"
#include "kernels/gemm/gemm_ops.hpp"
#include "kernels/instruction_sets.hpp"

namespace likewise::kernels {
namespace gemm_detail {

#if LIKEWISE_HAS_SETS
LIKEWISE_AVX512_BEGIN
namespace avx512 {
namespace floats {
namespace {
#define LIKEWISE_VECTOR_WIDTH 16
#define LIKEWISE_TALL
#include "kernels/gemm/gemm_body.inc"
#undef LIKEWISE_TALL
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace floats
namespace doubles {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#define LIKEWISE_DOUBLE
#define LIKEWISE_TALL
#include "kernels/gemm/gemm_body.inc"
#undef LIKEWISE_TALL
#undef LIKEWISE_DOUBLE
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace doubles
}  // namespace avx512
LIKEWISE_SET_END
LIKEWISE_AVX2_BEGIN
namespace avx2 {
namespace floats {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "kernels/gemm/gemm_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace floats
namespace doubles {
namespace {
#define LIKEWISE_VECTOR_WIDTH 4
#define LIKEWISE_DOUBLE
#include "kernels/gemm/gemm_body.inc"
#undef LIKEWISE_DOUBLE
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace doubles
}  // namespace avx2
LIKEWISE_SET_END
#endif
namespace portable {
namespace floats {
namespace {
#define LIKEWISE_VECTOR_WIDTH 4
#include "kernels/gemm/gemm_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace floats
namespace doubles {
namespace {
#define LIKEWISE_VECTOR_WIDTH 2
#define LIKEWISE_DOUBLE
#include "kernels/gemm/gemm_body.inc"
#undef LIKEWISE_DOUBLE
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace doubles
}  // namespace portable

template <>
const Ops<float>& ops(Simd simd) {
#if LIKEWISE_HAS_SETS
  if (simd == Simd::kAvx512 && can_run(Simd::kAvx512)) return avx512::floats::kOps;
  if (simd >= Simd::kAvx2 && can_run(Simd::kAvx2)) return avx2::floats::kOps;
#endif
  return portable::floats::kOps;
}

template <>
const Ops<double>& ops(Simd simd) {
#if LIKEWISE_HAS_SETS
  if (simd == Simd::kAvx512 && can_run(Simd::kAvx512)) return avx512::doubles::kOps;
  if (simd >= Simd::kAvx2 && can_run(Simd::kAvx2)) return avx2::doubles::kOps;
#endif
  return portable::doubles::kOps;
}

}  // namespace gemm_detail

namespace {

// A block of rows stays in the nearest cache (14 x 512 floats), the panels that it meets in a part
// of the next one, which other threads may share.
template <class T>
constexpr int64_t kDepth = 2048 / sizeof(T);
template <class T>
constexpr int64_t kPanelNumbers = (int64_t{1} << 19) / sizeof(T);

int64_t split(int64_t n, int64_t size) { return (n + size - 1) / size; }

// Rows [i0, i1) and columns [j0, j1) of the product.
template <class T>
void gemm_piece(int64_t i0, int64_t i1, int64_t j0, int64_t j1, int64_t m, int64_t k,
                const MatrixOf<T>& a, const MatrixOf<T>& b, T* c, int64_t c_step, bool add,
                const gemm_detail::Ops<T>& ops) {
  thread_local std::vector<T, LineAllocator<T>> panels, block;
  const int64_t depth_most = std::min(kDepth<T>, k);
  const int64_t wide =
      std::max<int64_t>(8, kPanelNumbers<T> / (depth_most * ops.panel)) * ops.panel;
  const int64_t most = split(std::min(wide, j1 - j0), ops.panel) * ops.panel;
  if (const auto n = static_cast<size_t>(most * depth_most); panels.size() < n) panels.resize(n);
  const int64_t chunks = split(depth_most, gemm_detail::kChunk);
  if (const auto n = static_cast<size_t>(chunks * gemm_detail::kChunk * ops.height);
      block.size() < n) {
    block.resize(n);
  }
  // Blocks of equal height, so that no small one is left over.
  const int64_t blocks = split(i1 - i0, ops.height);
  for (int64_t jc = j0; jc < j1; jc += wide) {
    const int64_t columns = std::min(wide, j1 - jc);
    for (int64_t kc = 0; kc < k; kc += kDepth<T>) {
      const int64_t depth = std::min(kDepth<T>, k - kc);
      for (int64_t j = 0; j < columns; j += ops.panel) {
        ops.pack_panel(b, jc + j, std::min(ops.panel, columns - j), kc, depth,
                       panels.data() + j * depth);
      }
      for (int64_t x = 0; x < blocks; ++x) {
        const int64_t first = i0 + (i1 - i0) * x / blocks, last = i0 + (i1 - i0) * (x + 1) / blocks;
        ops.pack_rows(a, first, last - first, m, kc, depth, block.data());
        for (int64_t j = 0; j < columns; j += ops.panel) {
          ops.multiply(block.data(), last - first, panels.data() + j * depth,
                       std::min(ops.panel, columns - j), depth, c + first * c_step + jc + j, c_step,
                       add || kc > 0);
        }
      }
    }
  }
}

}  // namespace

template <class T>
void gemm(int64_t m, int64_t n, int64_t k, MatrixOf<T> a, MatrixOf<T> b, T* c, int64_t c_step,
          bool add, int64_t parts, const GemmForEach& for_each, Simd simd) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    for (int64_t i = 0; !add && i < m; ++i) std::fill_n(c + i * c_step, n, T{0});
    return;
  }
  const gemm_detail::Ops<T>& ops = gemm_detail::ops<T>(simd);
  // Columns are split before rows: rows that are split pack the same panels more than once.
  const int64_t all_panels = split(n, ops.panel), all_blocks = split(m, ops.height);
  const int64_t by_columns = std::clamp<int64_t>(all_panels / 2, 1, parts);
  const int64_t by_rows = std::clamp<int64_t>(parts / by_columns, 1, all_blocks);
  for_each(by_columns * by_rows, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t i = t / by_columns, j = t % by_columns;
      const auto row = [&](int64_t x) {
        return std::min(m, all_blocks * x / by_rows * ops.height);
      };
      const auto column = [&](int64_t x) {
        return std::min(n, all_panels * x / by_columns * ops.panel);
      };
      gemm_piece(row(i), row(i + 1), column(j), column(j + 1), m, k, a, b, c, c_step, add, ops);
    }
  });
}

template <class T>
void gemm(int64_t m, int64_t n, int64_t k, MatrixOf<T> a, MatrixOf<T> b, T* c, int64_t c_step,
          bool add, Simd simd) {
  gemm(
      m, n, k, a, b, c, c_step, add, 1,
      [](int64_t count, const std::function<void(int64_t, int64_t)>& body) { body(0, count); },
      simd);
}

#define LIKEWISE_GEMM(T)                                                                        \
  template void gemm<T>(int64_t, int64_t, int64_t, MatrixOf<T>, MatrixOf<T>, T*, int64_t, bool, \
                        int64_t, const GemmForEach&, Simd);                                     \
  template void gemm<T>(int64_t, int64_t, int64_t, MatrixOf<T>, MatrixOf<T>, T*, int64_t, bool, \
                        Simd);
LIKEWISE_GEMM(float)
LIKEWISE_GEMM(double)
#undef LIKEWISE_GEMM

}  // namespace likewise::kernels
