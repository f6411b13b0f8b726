// The tile loops in AVX2 and FMA. Only what lies between the pragmas may use them: everything else
// must run on any processor, because it decides whether to call them.
#include "kernels/contrastive/tile.hpp"

namespace likewise::kernels::tile {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "kernels/contrastive/tile_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace avx2
#pragma GCC pop_options

const Ops* avx2_ops() {
  return can_run(Simd::kAvx2) ? &avx2::kOps : nullptr;
}

#else

const Ops* avx2_ops() { return nullptr; }

#endif

}  // namespace likewise::kernels::tile
