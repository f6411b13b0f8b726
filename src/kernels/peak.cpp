#include "kernels/peak.hpp"

namespace likewise::kernels {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512")
namespace peak_avx512 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 16
#include "kernels/peak_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace peak_avx512
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace peak_avx2 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "kernels/peak_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace peak_avx2
#pragma GCC pop_options
#endif
namespace peak_portable {
namespace {
#define LIKEWISE_VECTOR_WIDTH 4
#include "kernels/peak_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace peak_portable

double multiply_add_burst(int64_t rounds, Simd simd) {
  float result = 0;
  double operations = 0;
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  if (simd == Simd::kAvx512) operations = peak_avx512::burst(rounds, &result);
  if (simd == Simd::kAvx2) operations = peak_avx2::burst(rounds, &result);
#endif
  if (operations == 0) operations = peak_portable::burst(rounds, &result);
  volatile float sink = result;  // the loop must not be left out
  (void)sink;
  return operations;
}

double triad(float* a, const float* b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) a[i] = 0.5F * a[i] + b[i];
  return 3.0 * sizeof(float) * static_cast<double>(n);
}

}  // namespace likewise::kernels
