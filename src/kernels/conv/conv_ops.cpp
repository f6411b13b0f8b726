#include "kernels/conv/conv_ops.hpp"

#include "kernels/instruction_sets.hpp"

namespace likewise::kernels::conv {

#if LIKEWISE_HAS_SETS
LIKEWISE_AVX512_BEGIN
namespace avx512 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 16
#include "kernels/conv/conv_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace avx512
LIKEWISE_SET_END
LIKEWISE_AVX2_BEGIN
namespace avx2 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "kernels/conv/conv_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace avx2
LIKEWISE_SET_END
#endif
namespace portable {
namespace {
#define LIKEWISE_VECTOR_WIDTH 4
#include "kernels/conv/conv_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace portable

const Ops& ops(Simd simd) {
#if LIKEWISE_HAS_SETS
  if (simd == Simd::kAvx512) return avx512::kOps;
  if (simd == Simd::kAvx2) return avx2::kOps;
#endif
  (void)simd;
  return portable::kOps;
}

}  // namespace likewise::kernels::conv
