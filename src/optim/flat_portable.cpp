// The flat loops in the compiler's baseline instruction set.
#include <cmath>

#include "optim/flat.hpp"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace likewise::flat {

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("O3")
#endif
namespace portable {
namespace {
constexpr int kBlock = 4;
#if defined(__SSE2__)
inline void roots(float* x) { _mm_storeu_ps(x, _mm_sqrt_ps(_mm_loadu_ps(x))); }
#else
inline void roots(float* x) {
  for (int k = 0; k < kBlock; ++k) x[k] = std::sqrt(x[k]);
}
#endif
#include "optim/flat_body.inc"
}  // namespace
}  // namespace portable
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

const Loops& portable_loops() { return portable::kLoops; }

}  // namespace likewise::flat
