#pragma once
// Where the sets of ViewOps are made; null where compiler or processor lack the instructions.

#include "kernels/views/view_ops.hpp"

namespace likewise::kernels {

const ViewOps& portable_view_ops();
const ViewOps* avx2_view_ops();
const ViewOps* avx512_view_ops();

}  // namespace likewise::kernels
