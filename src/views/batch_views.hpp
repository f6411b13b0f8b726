#pragma once
// The views of a whole batch at once, on the device where they are wanted: bytes and drawn numbers
// go there, pixels are made there. A processor draws the numbers, so these are the views of
// `fused_view`.

#include <c10/core/Device.h>

#include <vector>

#include "kernels/cuda/view_core.hpp"
#include "views/plan_view.hpp"

namespace likewise {

struct BatchViewFormat {
  at::ScalarType type = at::kFloat;  // or bfloat16, float16
  bool channels_last = false;
};

class BatchViews {
 public:
  BatchViews(const ImageViewOptions& resolved, const ImageStats& data, int64_t size,
             double crop_min, double crop_max);

  // uint8 [C, H, W] -> a record (kernels/cuda/view_core.hpp), uint8 [bytes]: what the view is and
  // the pixels that it looks at. The stream ends where fused_view leaves it.
  View record() const;

  // records: one behind another, uint8 [bytes]; starts: int64 [N], where each begins. Both on the
  // device where the views [N, C, S, S] shall be: made by the GPU's kernel on a GPU of a build that
  // has it, else by its twin in the processor's memory.
  Tensor make(const Tensor& records, const Tensor& starts,
              const BatchViewFormat& format = {}) const;

 private:
  ViewPlanner planner_;
  kernels::gpu::ViewBatch batch_;
};

// One for each of train_views, in that order.
std::vector<BatchViews> batch_views(const ImageViewOptions& resolved, const ImageStats& data);

// Whether this build has the kernel for GPUs.
bool has_device_views();

}  // namespace likewise
