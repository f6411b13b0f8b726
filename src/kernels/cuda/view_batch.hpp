#pragma once
// What a launch of views is given: what all share, and the head of each record.

#include <cstdint>

#include "kernels/views/view_plan.hpp"

namespace likewise::kernels::gpu {

enum class OutType : int32_t { float32, bfloat16, float16 };

// What the views of a launch share.
struct ViewBatch {
  const uint8_t* records = nullptr;  // of all views, one behind another
  const int64_t* starts = nullptr;   // [N], the byte where each begins, a multiple of 8
  void* out = nullptr;               // [N, C, S, S] or [N, S, S, C]
  OutType type = OutType::float32;
  bool channels_last = false;
  int32_t channels = 3, size = 0;  // C, 1 or 3, and S
  int32_t blur_kernel = 3;
  float background = 0;
  float scales[3] = {1, 1, 1}, shifts[3] = {0, 0, 0};  // normalisation, one a channel

  LIKEWISE_HOST_DEVICE int64_t plane() const { return int64_t{size} * size; }
  // Floats that one view needs besides: the image twice, and the weights of a blur.
  LIKEWISE_HOST_DEVICE int64_t scratch() const {
    return 2 * channels * plane() + ((int64_t{blur_kernel} + 7) / 8) * 8;
  }
};

// The head of a record, behind which lie the pixels: uint8 [channels, height, width], an image or
// the part of it that the view looks at. The plan's box counts within them.
struct ViewJob {
  int32_t channels = 3, height = 0, width = 0;
  ViewPlan plan;
};
static_assert(sizeof(ViewJob) % 8 == 0);

inline constexpr int64_t record_bytes(int64_t pixels) {
  return (static_cast<int64_t>(sizeof(ViewJob)) + pixels + 7) / 8 * 8;
}

}  // namespace likewise::kernels::gpu
