#include "kernels/norm/norm_relu.hpp"

#include <type_traits>

#include "kernels/instruction_sets.hpp"

namespace likewise::kernels {

#if LIKEWISE_HAS_SETS
LIKEWISE_AVX512_BEGIN
namespace norm_relu_avx512 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 16
#include "kernels/norm/norm_relu_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace norm_relu_avx512
LIKEWISE_SET_END
LIKEWISE_AVX2_BEGIN
namespace norm_relu_avx2 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "kernels/norm/norm_relu_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace norm_relu_avx2
LIKEWISE_SET_END
#endif
namespace norm_relu_portable {
namespace {
#define LIKEWISE_VECTOR_WIDTH 4
#include "kernels/norm/norm_relu_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace norm_relu_portable

template <class T>
const NormReluOps<T>& norm_relu_ops(Simd simd) {
#if LIKEWISE_HAS_SETS
  if (simd == Simd::kAvx512) return norm_relu_avx512::kOps<T>;
  if (simd == Simd::kAvx2) return norm_relu_avx2::kOps<T>;
#endif
  (void)simd;
  return norm_relu_portable::kOps<T>;
}

template const NormReluOps<float>& norm_relu_ops<float>(Simd);
template const NormReluOps<uint16_t>& norm_relu_ops<uint16_t>(Simd);

}  // namespace likewise::kernels
