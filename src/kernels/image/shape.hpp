#pragma once
// What the image kernels work on: planar float images [C, H, W], rows contiguous. Torch-free.

#include <cstdint>

namespace likewise::kernels {

struct ImageShape {
  int64_t channels = 0, height = 0, width = 0;
  int64_t plane() const { return height * width; }
  int64_t size() const { return channels * plane(); }
};

}  // namespace likewise::kernels
