#pragma once
// Batches of a loader on the device that trains.

#include <functional>
#include <memory>

#include "likewise/data/loader.hpp"

namespace likewise::detail {

Batch to_device(const Batch& batch, c10::Device device);

// On the processor, the loader's batches as they are. On a GPU the next batch is on its way while
// the current one is used: from pinned memory, on a stream of its own, which the stream of the
// computation waits for. With `make_views` the loader brings records, of which that makes the
// views.
class BatchFeed {
 public:
  using MakeViews = std::function<Tensor(size_t view, const Tensor& records, const Tensor& starts)>;
  BatchFeed(Loader& loader, c10::Device device, MakeViews make_views = {});
  ~BatchFeed();
  BatchFeed(const BatchFeed&) = delete;
  BatchFeed& operator=(const BatchFeed&) = delete;

  void seek(int64_t step);
  Batch next();

 private:
  struct Coming;
  std::unique_ptr<Coming> send(const Batch& batch) const;

  Loader& loader_;
  c10::Device device_;
  MakeViews make_views_;
  std::unique_ptr<Coming> coming_;
};

}  // namespace likewise::detail
