#include <cuda_runtime_api.h>

#include "kernels/cuda/device_views.hpp"

namespace likewise::kernels::gpu {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kSharedBytes = 48 << 10;  // what every GPU gives without being asked

struct Block {
  double* parts;  // [kThreads], shared

  __device__ static int64_t rank() { return threadIdx.x; }
  __device__ static int64_t size() { return kThreads; }
  __device__ static void sync() { __syncthreads(); }
  // In a fixed order, so that equal views are equal bit by bit.
  __device__ double sum(double x) {
    parts[threadIdx.x] = x;
    for (int step = kThreads / 2; step > 0; step /= 2) {
      __syncthreads();
      if (threadIdx.x < step) parts[threadIdx.x] += parts[threadIdx.x + step];
    }
    __syncthreads();
    const double total = parts[0];
    __syncthreads();  // before the next sum is written
    return total;
  }
};

__global__ void __launch_bounds__(kThreads) views_kernel(ViewBatch batch, float* scratch) {
  extern __shared__ float near[];
  __shared__ double parts[kThreads];
  const int64_t view = blockIdx.x;
  Block block{parts};
  make_view(block, batch, view, scratch ? scratch + view * batch.scratch() : near);
}

int64_t shared_bytes(const ViewBatch& batch) {
  const int64_t bytes = batch.scratch() * static_cast<int64_t>(sizeof(float));
  return bytes + kThreads * static_cast<int64_t>(sizeof(double)) <= kSharedBytes ? bytes : 0;
}

}  // namespace

int64_t device_scratch(const ViewBatch& batch, int64_t count) {
  return shared_bytes(batch) > 0 ? 0 : batch.scratch() * count;
}

const char* make_views_on_device(const ViewBatch& batch, int64_t count, float* scratch,
                                 void* stream) {
  if (count == 0) return nullptr;
  const int64_t shared = shared_bytes(batch);
  views_kernel<<<static_cast<unsigned>(count), kThreads, static_cast<size_t>(shared),
                 static_cast<cudaStream_t>(stream)>>>(batch, shared > 0 ? nullptr : scratch);
  const cudaError_t error = cudaGetLastError();
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

}  // namespace likewise::kernels::gpu
