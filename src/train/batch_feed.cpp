#include "train/batch_feed.hpp"

#include <ATen/TensorOperators.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "likewise/nn/memory_format.hpp"

namespace likewise::detail {
namespace {

std::vector<Tensor*> tensors_of(Batch& batch) {
  std::vector<Tensor*> all = {&batch.labels, &batch.domains, &batch.index};
  for (Tensor& view : batch.views) all.push_back(&view);
  for (Tensor& starts : batch.starts) all.push_back(&starts);
  return all;
}

}  // namespace

Batch to_device(const Batch& batch, c10::Device device) {
  Batch out = batch;
  if (device.is_cpu()) return out;
  for (Tensor* x : tensors_of(out)) {
    if (x->defined()) *x = x->to(device);
  }
  return out;
}

// A batch whose copy has been enqueued, and when it is there.
struct BatchFeed::Coming {
  Coming(Batch on_device, c10::DeviceType type) : batch(std::move(on_device)), there(type) {}
  Batch batch;
  c10::Event there;
};

BatchFeed::BatchFeed(Loader& loader, c10::Device device, MakeViews make_views)
    : loader_(loader), device_(device), make_views_(std::move(make_views)) {}
BatchFeed::~BatchFeed() = default;

void BatchFeed::seek(int64_t step) {
  coming_.reset();
  loader_.seek(step);
}

std::unique_ptr<BatchFeed::Coming> BatchFeed::send(const Batch& batch) const {
  const c10::impl::VirtualGuardImpl streams(device_.type());
  const c10::Stream side = streams.getStreamFromGlobalPool(device_);
  auto coming = std::make_unique<Coming>(batch, device_.type());
  const c10::StreamGuard guard(side);
  // libtorch keeps pinned memory (LoaderOptions::pinned) until the copies from it have passed.
  for (Tensor* x : tensors_of(coming->batch)) {
    if (x->defined()) *x = x->to(device_, x->scalar_type(), /*non_blocking=*/true);
  }
  for (Tensor& view : coming->batch.views) view = channels_last(view);
  coming->there.record(side);
  return coming;
}

Batch BatchFeed::next() {
  if (device_.is_cpu()) {
    Batch batch = loader_.next();
    for (Tensor& view : batch.views) view = channels_last(view);
    return batch;
  }
  if (!coming_) coming_ = send(loader_.next());
  const std::unique_ptr<Coming> now = std::move(coming_);
  coming_ = send(loader_.next());
  const c10::Stream here = c10::impl::VirtualGuardImpl(device_.type()).getStream(device_);
  now->there.block(here);
  // Made on the side stream: its memory must not be given away before this one has passed.
  for (Tensor* x : tensors_of(now->batch)) {
    if (x->defined()) x->record_stream(here);
  }
  Batch batch = std::move(now->batch);
  for (size_t v = 0; make_views_ && v < batch.views.size(); ++v) {
    batch.views[v] = channels_last(make_views_(v, batch.views[v], batch.starts[v]));
  }
  batch.starts.clear();
  return batch;
}

}  // namespace likewise::detail
