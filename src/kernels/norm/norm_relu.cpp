#include "kernels/norm/norm_relu.hpp"

#include <type_traits>

namespace likewise::kernels {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512")
namespace norm_relu_avx512 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 16
#include "kernels/norm/norm_relu_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace norm_relu_avx512
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace norm_relu_avx2 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "kernels/norm/norm_relu_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace norm_relu_avx2
#pragma GCC pop_options
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
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  if (simd == Simd::kAvx512) return norm_relu_avx512::kOps<T>;
  if (simd == Simd::kAvx2) return norm_relu_avx2::kOps<T>;
#endif
  (void)simd;
  return norm_relu_portable::kOps<T>;
}

template const NormReluOps<float>& norm_relu_ops<float>(Simd);
template const NormReluOps<uint16_t>& norm_relu_ops<uint16_t>(Simd);

}  // namespace likewise::kernels
