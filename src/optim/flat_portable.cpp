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
#include "optim/flat_body.inc"
}  // namespace
}  // namespace portable
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

const Loops& portable_loops() { return portable::kLoops; }

}  // namespace likewise::flat
