// The view operations for any processor: four floats at a time.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/vectorise.hpp"
#include "kernels/views/view_ops_sets.hpp"

LIKEWISE_VECTORISE_BEGIN

namespace likewise::kernels {

namespace view_ops_portable {
namespace {
#define LIKEWISE_VECTOR_WIDTH 4
#include "kernels/views/view_ops_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace view_ops_portable

const ViewOps& portable_view_ops() { return view_ops_portable::kViewOps; }

}  // namespace likewise::kernels

LIKEWISE_VECTORISE_END
