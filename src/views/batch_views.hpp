#pragma once
// The views of a whole batch at once, on the device where they are wanted: bytes and drawn numbers
// go there, pixels are made there. A processor draws the numbers, so these are the views of
// `fused_view`.

#include <c10/core/Device.h>

#include <vector>

#include "kernels/cuda/view_core.hpp"
#include "views/plan_view.hpp"

namespace likewise {

// Images and what is to be made of them, in the processor's memory: two copies to a device.
struct PackedViews {
  Tensor bytes;  // uint8, all images
  Tensor jobs;   // uint8, kernels::gpu::ViewJob [N]
  int64_t count = 0;
};

struct BatchViewFormat {
  at::ScalarType type = at::kFloat;  // or bfloat16, float16
  bool channels_last = false;
};

class BatchViews {
 public:
  BatchViews(const ImageViewOptions& resolved, const ImageStats& data, int64_t size,
             double crop_min, double crop_max);

  // images[i], uint8 [C, H, W] of any size, seen through streams[i], which ends where fused_view
  // leaves it.
  PackedViews pack(const std::vector<Tensor>& images, std::vector<Rng>& streams) const;

  // Views [N, C, S, S] on the device: by the GPU's kernel on a GPU of a build that has it, else by
  // its twin in the processor's memory and then copied.
  Tensor make(const PackedViews& packed, c10::Device device,
              const BatchViewFormat& format = {}) const;

 private:
  ViewPlanner planner_;
  kernels::gpu::ViewBatch batch_;
};

// Whether this build has the kernel for GPUs.
bool has_device_views();

}  // namespace likewise
