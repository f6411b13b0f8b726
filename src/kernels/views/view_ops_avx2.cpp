// The view operations in AVX2 and FMA; only what lies between the pragmas may use it.
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

LIKEWISE_AVX2_BEGIN
namespace view_ops_avx2 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "kernels/views/view_ops_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace view_ops_avx2
LIKEWISE_SET_END

const ViewOps* avx2_view_ops() { return can_run(Simd::kAvx2) ? &view_ops_avx2::kViewOps : nullptr; }

#else

const ViewOps* avx2_view_ops() { return nullptr; }

#endif

}  // namespace likewise::kernels
