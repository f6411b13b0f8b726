// The flat loops in AVX2 and FMA; only what lies between the pragmas may use them.
#include <algorithm>
#include <cmath>

#include "kernels/instruction_sets.hpp"
#include "kernels/simd.hpp"
#include "optim/flat.hpp"

namespace likewise::flat {

#if LIKEWISE_HAS_SETS

LIKEWISE_AVX2_BEGIN
namespace avx2 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "optim/flat_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace avx2
LIKEWISE_SET_END

const Loops* avx2_loops() {
  return kernels::can_run(kernels::Simd::kAvx2) ? &avx2::kLoops : nullptr;
}

#else

const Loops* avx2_loops() { return nullptr; }

#endif

}  // namespace likewise::flat
