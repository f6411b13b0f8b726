#pragma once
// Views on a GPU. Torch-free, and free of CUDA's headers. Built with LIKEWISE_CUDA only.

#include "kernels/cuda/view_core.hpp"

namespace likewise::kernels::gpu {

// Floats of device memory that a launch of `count` views needs as scratch; 0 where the views are
// small enough for the memory of the multiprocessors.
int64_t device_scratch(const ViewBatch& batch, int64_t count);

// Enqueues the first `count` views on `stream` (a cudaStream_t; null: the default one). All
// pointers are of the device's memory, which stays until the stream has passed. Returns null, or
// what CUDA says went wrong.
const char* make_views_on_device(const ViewBatch& batch, int64_t count, float* scratch,
                                 void* stream);

}  // namespace likewise::kernels::gpu
