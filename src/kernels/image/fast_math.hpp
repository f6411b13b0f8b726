#pragma once
// Elementary functions as polynomials without branches, so that loops over them are vectorised.

#include <cstdint>

namespace likewise::kernels {

#include "kernels/image/fast_math_body.inc"

}  // namespace likewise::kernels
