#include "views/batch_views.hpp"

#include <ATen/ops/empty.h>

#include <cstring>

#include "kernels/cuda/host_views.hpp"
#include "likewise/base/error.hpp"
#include "views/draws.hpp"
#include "views/image_tensor.hpp"
#ifdef LIKEWISE_CUDA
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

const gpu::ViewJob* jobs_of(const Tensor& jobs) {
  return reinterpret_cast<const gpu::ViewJob*>(jobs.data_ptr());
}

#ifdef LIKEWISE_CUDA
// On the default stream, which is libtorch's unless somebody changed it.
void launch(gpu::ViewBatch batch, const PackedViews& packed, const Tensor& out) {
  const Tensor bytes = packed.bytes.to(out.device(), packed.bytes.scalar_type(), true);
  const Tensor jobs = packed.jobs.to(out.device(), packed.jobs.scalar_type(), true);
  const Tensor scratch = at::empty({gpu::device_scratch(batch, packed.count)},
                                   out.options().dtype(at::kFloat), at::MemoryFormat::Contiguous);
  batch.pixels = static_cast<const uint8_t*>(bytes.data_ptr());
  batch.out = out.data_ptr();
  const char* trouble = gpu::make_views_on_device(
      batch, jobs_of(jobs), packed.count,
      scratch.numel() > 0 ? static_cast<float*>(scratch.data_ptr()) : nullptr, nullptr);
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

PackedViews BatchViews::pack(const std::vector<Tensor>& images, std::vector<Rng>& streams) const {
  LIKEWISE_CHECK(images.size() == streams.size(), "{} images and {} streams", images.size(),
                 streams.size());
  PackedViews packed;
  packed.count = static_cast<int64_t>(images.size());
  std::vector<gpu::ViewJob> jobs(images.size());
  std::vector<Tensor> checked;
  int64_t bytes = 0;
  for (size_t i = 0; i < images.size(); ++i) {
    const Tensor image = checked_image(images[i], "a batch of views", true);
    if (image.scalar_type() != at::kByte) {
      throw UserError("a batch of views: image {} has type {}; accepted is uint8", i,
                      c10::toString(image.scalar_type()));
    }
    gpu::ViewJob& job = jobs[i];
    job.offset = bytes;
    job.channels = static_cast<int32_t>(image.size(0));
    job.height = static_cast<int32_t>(image.size(1));
    job.width = static_cast<int32_t>(image.size(2));
    job.plan = planner_.draw(image.size(1), image.size(2), streams[i]);
    bytes += image.numel();
    checked.push_back(image);
  }
  packed.bytes = at::empty({bytes}, at::kByte);
  for (size_t i = 0; i < checked.size(); ++i) {
    std::memcpy(packed.bytes.data_ptr<uint8_t>() + jobs[i].offset, checked[i].data_ptr<uint8_t>(),
                checked[i].nbytes());
  }
  packed.jobs = at::empty({static_cast<int64_t>(jobs.size() * sizeof(gpu::ViewJob))}, at::kByte);
  if (!jobs.empty()) std::memcpy(packed.jobs.data_ptr(), jobs.data(), packed.jobs.nbytes());
  return packed;
}

Tensor BatchViews::make(const PackedViews& packed, c10::Device device,
                        const BatchViewFormat& format) const {
  gpu::ViewBatch batch = batch_;
  batch.type = out_type(format.type);
  batch.channels_last = format.channels_last;
  const std::vector<int64_t> shape = {packed.count, batch.channels, batch.size, batch.size};
  const auto layout =
      format.channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const auto options = at::TensorOptions().dtype(format.type);
#ifdef LIKEWISE_CUDA
  if (device.is_cuda()) {
    Tensor out = at::empty(shape, options.device(device), layout);
    launch(batch, packed, out);
    return out;
  }
#endif
  Tensor out = at::empty(shape, options, layout);
  batch.pixels = packed.bytes.data_ptr<uint8_t>();
  batch.out = out.data_ptr();
  gpu::make_views_on_host(batch, jobs_of(packed.jobs), packed.count);
  return device.is_cpu() ? out : out.to(device);
}

bool has_device_views() {
#ifdef LIKEWISE_CUDA
  return true;
#else
  return false;
#endif
}

}  // namespace likewise
