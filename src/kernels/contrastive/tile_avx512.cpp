// The tile loops in AVX-512. Only what lies between the pragmas may use them: everything else
// must run on any processor, because it decides whether to call them.
#include "kernels/contrastive/tile.hpp"

namespace likewise::kernels::tile {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512")
namespace avx512 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 16
#include "kernels/contrastive/tile_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace avx512
#pragma GCC pop_options

const Ops* avx512_ops() {
  return can_run(Simd::kAvx512) ? &avx512::kOps : nullptr;
}

#else

const Ops* avx512_ops() { return nullptr; }

#endif

}  // namespace likewise::kernels::tile
