#include "kernels/simd.hpp"

#include <cstdlib>
#include <string_view>

#include "kernels/instruction_sets.hpp"
#include "likewise/base/error.hpp"

namespace likewise::kernels {
namespace {

constexpr Simd kAll[] = {Simd::kAvx512, Simd::kAvx2, Simd::kPortable};  // best first

Simd decide() {
  Simd most = Simd::kAvx512;
  if (const char* asked = std::getenv("LIKEWISE_SIMD"); asked && *asked) {
    bool known = false;
    for (Simd simd : kAll) {
      if (std::string_view(asked) != simd_name(simd)) continue;
      known = true;
      most = simd;
    }
    if (!known)
      throw UserError("LIKEWISE_SIMD is '{}'; accepted is portable, avx2 or avx512", asked);
  }
  for (Simd simd : kAll) {
    if (simd <= most && can_run(simd)) return simd;
  }
  return Simd::kPortable;
}

}  // namespace

const char* simd_name(Simd simd) {
  return simd == Simd::kAvx512 ? "avx512" : simd == Simd::kAvx2 ? "avx2" : "portable";
}

bool can_run(Simd simd) {
#if LIKEWISE_HAS_SETS
  switch (simd) {
    case Simd::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case Simd::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Simd::kPortable:
      return true;
  }
#endif
  return simd == Simd::kPortable;
}

Simd best_simd() {
  static const Simd chosen = decide();
  return chosen;
}

}  // namespace likewise::kernels
