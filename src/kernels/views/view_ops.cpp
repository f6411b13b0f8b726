#include "kernels/views/view_ops.hpp"

#include "kernels/views/view_ops_sets.hpp"

namespace likewise::kernels {

const ViewOps& view_ops(Simd simd) {
  if (simd == Simd::kAvx512 && avx512_view_ops()) return *avx512_view_ops();
  if (simd >= Simd::kAvx2 && avx2_view_ops()) return *avx2_view_ops();
  return portable_view_ops();
}

}  // namespace likewise::kernels
