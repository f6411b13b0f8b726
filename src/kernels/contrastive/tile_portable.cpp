// The tile loops in the compiler's baseline instruction set (SSE2, NEON, ...).
#include "kernels/contrastive/tile.hpp"

namespace likewise::kernels::tile {

namespace portable {
namespace {
#define LIKEWISE_VECTOR_WIDTH 4
#include "kernels/contrastive/tile_body.inc"
#undef LIKEWISE_VECTOR_WIDTH
}  // namespace
}  // namespace portable

const Ops& portable_ops() { return portable::kOps; }

}  // namespace likewise::kernels::tile
