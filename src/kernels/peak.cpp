#include "kernels/peak.hpp"

#include "kernels/instruction_sets.hpp"
#include "kernels/simd.hpp"

namespace likewise::kernels {

#if LIKEWISE_HAS_SETS
LIKEWISE_AVX512_BEGIN
namespace peak_avx512 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 16
#include "kernels/peak_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace peak_avx512
LIKEWISE_SET_END
LIKEWISE_AVX2_BEGIN
namespace peak_avx2 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "kernels/peak_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace peak_avx2
LIKEWISE_SET_END
#endif
namespace peak_portable {
namespace {
#define LIKEWISE_VECTOR_WIDTH 4
#include "kernels/peak_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace peak_portable

double multiply_add_burst(int64_t rounds) {
  float result = 0;
  double operations = 0;
#if LIKEWISE_HAS_SETS
  if (can_run(Simd::kAvx512)) {
    operations = peak_avx512::burst(rounds, &result);
  } else if (can_run(Simd::kAvx2)) {
    operations = peak_avx2::burst(rounds, &result);
  }
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
