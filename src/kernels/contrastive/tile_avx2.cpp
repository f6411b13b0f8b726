// The tile loops in AVX2 and FMA. Only what lies between the pragmas may use them: everything else
// must run on any processor, because it decides whether to call them.
#include "kernels/contrastive/tile.hpp"
#include "kernels/instruction_sets.hpp"

namespace likewise::kernels::tile {

#if LIKEWISE_HAS_SETS

LIKEWISE_AVX2_BEGIN
namespace avx2 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "kernels/contrastive/tile_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace avx2
LIKEWISE_SET_END

const Ops* avx2_ops() { return can_run(Simd::kAvx2) ? &avx2::kOps : nullptr; }

#else

const Ops* avx2_ops() { return nullptr; }

#endif

}  // namespace likewise::kernels::tile
