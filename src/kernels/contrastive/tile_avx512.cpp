// The tile loops in AVX-512. Only what lies between the pragmas may use them: everything else
// must run on any processor, because it decides whether to call them.
#include "kernels/contrastive/tile.hpp"
#include "kernels/instruction_sets.hpp"

namespace likewise::kernels::tile {

#if LIKEWISE_HAS_SETS

LIKEWISE_AVX512_BEGIN
namespace avx512 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 16
#include "kernels/contrastive/tile_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace avx512
LIKEWISE_SET_END

const Ops* avx512_ops() { return can_run(Simd::kAvx512) ? &avx512::kOps : nullptr; }

#else

const Ops* avx512_ops() { return nullptr; }

#endif

}  // namespace likewise::kernels::tile
