// The flat loops in AVX2 and FMA; only what lies between the pragmas may use them.
#include <algorithm>
#include <cmath>

#include "optim/flat.hpp"

namespace likewise::flat {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

#pragma GCC push_options
#pragma GCC optimize("O3")
#pragma GCC target("avx2,fma")
namespace avx2 {
namespace {
#define LIKEWISE_VECTOR_WIDTH 8
#include "optim/flat_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace avx2
#pragma GCC pop_options

const Loops* avx2_loops() {
  static const bool runs = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return runs ? &avx2::kLoops : nullptr;
}

#else

const Loops* avx2_loops() { return nullptr; }

#endif

}  // namespace likewise::flat
