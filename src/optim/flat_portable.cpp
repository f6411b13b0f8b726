// The flat loops in the compiler's baseline instruction set.
#include <algorithm>
#include <cmath>

#include "optim/flat.hpp"

namespace likewise::flat {

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("O3")
#endif
namespace portable {
namespace {
#define LIKEWISE_VECTOR_WIDTH 4
#include "optim/flat_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace portable
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

const Loops& portable_loops() { return portable::kLoops; }

}  // namespace likewise::flat
