#include "kernels/norm/norm_pool.hpp"

#include <initializer_list>

#include "kernels/instruction_sets.hpp"

namespace likewise::kernels {

#if LIKEWISE_HAS_SETS
LIKEWISE_AVX512_BEGIN
namespace norm_pool_avx512 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 16
#include "kernels/norm/norm_pool_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace norm_pool_avx512
LIKEWISE_SET_END
LIKEWISE_AVX2_BEGIN
namespace norm_pool_avx2 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "kernels/norm/norm_pool_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace norm_pool_avx2
LIKEWISE_SET_END
#endif
namespace norm_pool_portable {
namespace {
#define LIKEWISE_VECTOR_WIDTH 4
#include "kernels/norm/norm_pool_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace norm_pool_portable

const NormPoolOps& norm_pool_ops(Simd simd) {
#if LIKEWISE_HAS_SETS
  if (simd == Simd::kAvx512) return norm_pool_avx512::kOps;
  if (simd == Simd::kAvx2) return norm_pool_avx2::kOps;
#endif
  (void)simd;
  return norm_pool_portable::kOps;
}

}  // namespace likewise::kernels
