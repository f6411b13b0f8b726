// The view operations in AVX-512; only what lies between the pragmas may use it.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/views/view_ops_sets.hpp"

namespace likewise::kernels {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

#pragma GCC push_options
#pragma GCC optimize("O3", "no-trapping-math", "no-math-errno")
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512")
namespace view_ops_avx512 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 16
#include "kernels/views/view_ops_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace view_ops_avx512
#pragma GCC pop_options

const ViewOps* avx512_view_ops() {
  return can_run(Simd::kAvx512) ? &view_ops_avx512::kViewOps : nullptr;
}

#else

const ViewOps* avx512_view_ops() { return nullptr; }

#endif

}  // namespace likewise::kernels
