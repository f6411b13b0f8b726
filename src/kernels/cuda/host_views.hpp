#pragma once
// The GPU's views on a processor: the twin that tests compare with.

#include "kernels/cuda/view_core.hpp"

namespace likewise::kernels::gpu {

// The first `count` views, `threads` threads a view. All pointers are of the processor's memory.
void make_views_on_host(const ViewBatch& batch, int64_t count, int64_t threads = 1);

}  // namespace likewise::kernels::gpu
