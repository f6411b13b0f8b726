#pragma once
// The instruction sets that this processor can run.

#include <vector>

#include "kernels/simd.hpp"

namespace likewise::kernels {

inline std::vector<Simd> simd_sets() {
  std::vector<Simd> out;
  for (const Simd simd : {Simd::kPortable, Simd::kAvx2, Simd::kAvx512}) {
    if (can_run(simd)) out.push_back(simd);
  }
  return out;
}

}  // namespace likewise::kernels
