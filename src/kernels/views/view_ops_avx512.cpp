// The view operations in AVX-512; only what lies between the pragmas may use it.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/instruction_sets.hpp"
#include "kernels/views/view_ops_sets.hpp"

#if LIKEWISE_HAS_SETS
#include <immintrin.h>
#endif

namespace likewise::kernels {

#if LIKEWISE_HAS_SETS

LIKEWISE_AVX512_BEGIN
namespace view_ops_avx512 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 16
#include "kernels/views/view_ops_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace view_ops_avx512
LIKEWISE_SET_END

const ViewOps* avx512_view_ops() {
  return can_run(Simd::kAvx512) ? &view_ops_avx512::kViewOps : nullptr;
}

#else

const ViewOps* avx512_view_ops() { return nullptr; }

#endif

}  // namespace likewise::kernels
