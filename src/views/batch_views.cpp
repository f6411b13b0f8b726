#include "views/batch_views.hpp"

#include <ATen/ops/empty.h>

#include <cstring>

#include "kernels/cuda/host_views.hpp"
#include "likewise/base/error.hpp"
#include "views/draws.hpp"
#include "views/image_tensor.hpp"
#ifdef LIKEWISE_CUDA
#include <c10/core/DeviceGuard.h>

#include "kernels/cuda/device_views.hpp"
#endif

namespace likewise {

namespace gpu = kernels::gpu;

namespace {

gpu::OutType out_type(at::ScalarType type) {
  if (type == at::kFloat) return gpu::OutType::float32;
  if (type == at::kBFloat16) return gpu::OutType::bfloat16;
  if (type == at::kHalf) return gpu::OutType::float16;
  throw UserError("views of type {}; float, bfloat16 and float16 are accepted",
                  c10::toString(type));
}

gpu::ViewBatch pointed(gpu::ViewBatch batch, const Tensor& records, const Tensor& starts,
                       const Tensor& out) {
  batch.records = static_cast<const uint8_t*>(records.data_ptr());
  batch.starts = static_cast<const int64_t*>(starts.data_ptr());
  batch.out = out.data_ptr();
  return batch;
}

// The part of the image that the plan looks at, with the box counted within it.
Tensor looked_at(const Tensor& image, kernels::ViewPlan& plan) {
  if (plan.pads) return image;
  const Tensor part =
      image.narrow(1, plan.top, plan.height).narrow(2, plan.left, plan.width).contiguous();
  plan.top = plan.left = 0;
  return part;
}

Tensor record_of(const ViewPlanner& planner, const Tensor& x, Rng& rng) {
  const Tensor image = checked_image(x, "a batch of views", true);
  if (image.scalar_type() != at::kByte) {
    throw UserError("a batch of views: the image has type {}; accepted is uint8",
                    c10::toString(image.scalar_type()));
  }
  gpu::ViewJob job;
  job.plan = planner.draw(image.size(1), image.size(2), rng);
  const Tensor part = looked_at(image, job.plan);
  job.channels = static_cast<int32_t>(part.size(0));
  job.height = static_cast<int32_t>(part.size(1));
  job.width = static_cast<int32_t>(part.size(2));
  const Tensor record = at::empty({gpu::record_bytes(part.numel())}, at::kByte);
  auto* to = record.data_ptr<uint8_t>();
  std::memset(to, 0, record.nbytes());
  std::memcpy(to, &job, sizeof(job));
  std::memcpy(to + sizeof(job), part.data_ptr<uint8_t>(), part.nbytes());
  return record;
}

#ifdef LIKEWISE_CUDA
// On the default stream, which is libtorch's unless somebody changed it.
void launch(const gpu::ViewBatch& batch, const Tensor& out) {
  const c10::DeviceGuard guard(out.device());  // the launch goes to the current one
  const int64_t count = out.size(0);
  const Tensor scratch = at::empty({gpu::device_scratch(batch, count)},
                                   out.options().dtype(at::kFloat), at::MemoryFormat::Contiguous);
  const char* trouble = gpu::make_views_on_device(
      batch, count, scratch.numel() > 0 ? static_cast<float*>(scratch.data_ptr()) : nullptr,
      nullptr);
  if (trouble) throw UserError("the views of a batch on the GPU: {}", trouble);
}
#endif

}  // namespace

BatchViews::BatchViews(const ImageViewOptions& resolved, const ImageStats& data, int64_t size,
                       double crop_min, double crop_max)
    : planner_(resolved, data, size, crop_min, crop_max) {
  batch_.channels = static_cast<int32_t>(data.channels);
  batch_.size = static_cast<int32_t>(size);
  batch_.blur_kernel = static_cast<int32_t>(blur_kernel(size));
  batch_.background = static_cast<float>(data.background);
  for (int64_t c = 0; c < data.channels; ++c) {
    const size_t which = data.mean.size() == 1 ? 0 : static_cast<size_t>(c);
    batch_.scales[c] = static_cast<float>(1.0 / data.std[which]);
    batch_.shifts[c] = static_cast<float>(-data.mean[which] / data.std[which]);
  }
}

View BatchViews::record() const {
  return {[planner = planner_](const Tensor& x, Rng& rng) { return record_of(planner, x, rng); },
          [planner = planner_](int64_t height, int64_t width, Rng rng) {
            const kernels::ViewPlan plan = planner.draw(height, width, rng);
            return plan.pads ? PixelBox{0, 0, height, width}
                             : PixelBox{plan.top, plan.left, plan.height, plan.width};
          }};
}

Tensor BatchViews::make(const Tensor& records, const Tensor& starts,
                        const BatchViewFormat& format) const {
  const c10::Device device = records.device();
  gpu::ViewBatch batch = batch_;
  batch.type = out_type(format.type);
  batch.channels_last = format.channels_last;
  const std::vector<int64_t> shape = {starts.numel(), batch.channels, batch.size, batch.size};
  const auto layout =
      format.channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const auto options = at::TensorOptions().dtype(format.type);
#ifdef LIKEWISE_CUDA
  if (device.is_cuda()) {
    Tensor out = at::empty(shape, options.device(device), layout);
    launch(pointed(batch, records, starts, out), out);
    return out;
  }
#endif
  const Tensor here = records.to(at::kCPU), begins = starts.to(at::kCPU);
  Tensor out = at::empty(shape, options, layout);
  gpu::make_views_on_host(pointed(batch, here, begins, out), starts.numel());
  return out.to(device);
}

std::vector<BatchViews> batch_views(const ImageViewOptions& resolved, const ImageStats& data) {
  const ImageViewOptions& o = resolved;
  std::vector<BatchViews> views(2, BatchViews(o, data, o.size, o.crop_min, o.crop_max));
  if (o.local_crops > 0) {
    views.insert(views.end(), static_cast<size_t>(o.local_crops),
                 BatchViews(o, data, o.local_size, o.local_crop_min, o.local_crop_max));
  }
  return views;
}

bool has_device_views() {
#ifdef LIKEWISE_CUDA
  return true;
#else
  return false;
#endif
}

}  // namespace likewise
