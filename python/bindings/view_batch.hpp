#pragma once
// Many images through views at once, on threads of our own.

#include <cstdint>
#include <vector>

#include "likewise/views/view.hpp"

namespace likewise::python {

// Pixels of one image wherever they lie, in elements: uint8, or float with values in [0, 1].
struct Pixels {
  const void* data = nullptr;
  bool bytes = true;
  int64_t channels = 0, height = 0, width = 0;
  int64_t channel_step = 0, row_step = 0, column_step = 0;
};

// One view of every image, [N, C, S, S] for each of `views`. Image i draws from
// view_rng(seed, epoch, index[i], v), so neither threads nor batches change a result.
std::vector<Tensor> view_batch(const std::vector<View>& views, const std::vector<Pixels>& images,
                               uint64_t seed, int64_t epoch, const std::vector<int64_t>& index,
                               int64_t threads);

// The image as contiguous [C, H, W]; a view of `data` where it lies like that, else a copy.
Tensor planar(const Pixels& image, std::vector<uint8_t>& memory);

}  // namespace likewise::python
