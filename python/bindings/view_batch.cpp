#include "view_batch.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>

#include "likewise/base/error.hpp"
#include "likewise/base/interrupt.hpp"
#include "likewise/data/loader.hpp"

namespace likewise::python {
namespace {

constexpr int64_t kGrain = 8;  // images that a thread takes at once

template <class T>
void copy_planar(const Pixels& image, T* to) {
  const T* from = static_cast<const T*>(image.data);
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t y = 0; y < image.height; ++y) {
      const T* row = from + c * image.channel_step + y * image.row_step;
      for (int64_t x = 0; x < image.width; ++x) *to++ = row[x * image.column_step];
    }
  }
}

}  // namespace

Tensor planar(const Pixels& image, std::vector<uint8_t>& memory) {
  const std::array<int64_t, 3> shape{image.channels, image.height, image.width};
  const auto type = image.bytes ? at::kByte : at::kFloat;
  const int64_t area = image.height * image.width;
  if (image.column_step == 1 && image.row_step == image.width &&
      (image.channel_step == area || image.channels == 1)) {
    return at::from_blob(const_cast<void*>(image.data), shape, type);
  }
  memory.resize(static_cast<size_t>(image.channels * area) * (image.bytes ? 1 : sizeof(float)));
  if (image.bytes) {
    copy_planar(image, memory.data());
  } else {
    copy_planar(image, reinterpret_cast<float*>(memory.data()));
  }
  return at::from_blob(memory.data(), shape, type);
}

std::vector<Tensor> view_batch(const std::vector<View>& views, const std::vector<Pixels>& images,
                               uint64_t seed, int64_t epoch, const std::vector<int64_t>& index,
                               int64_t threads) {
  const auto n = static_cast<int64_t>(images.size());
  std::vector<Tensor> out(views.size());
  const auto make = [&](int64_t i, size_t v, const Tensor& image) {
    Rng rng = view_rng(seed, epoch, index[static_cast<size_t>(i)], static_cast<int64_t>(v));
    return views[v](image, rng);
  };
  const auto place = [&](int64_t i, size_t v, const Tensor& view) {
    std::memcpy(static_cast<char*>(out[v].data_ptr()) + static_cast<size_t>(i) * view.nbytes(),
                view.data_ptr(), view.nbytes());
  };
  const c10::NoGradGuard no_grad;
  {  // the first image tells the shapes
    std::vector<uint8_t> memory;
    const Tensor image = planar(images[0], memory);
    for (size_t v = 0; v < views.size(); ++v) {
      const Tensor view = make(0, v, image);
      std::vector<int64_t> shape = view.sizes().vec();
      shape.insert(shape.begin(), n);
      out[v] = at::empty(shape, view.options());
      place(0, v, view);
    }
  }
  std::atomic<int64_t> next{1};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    const c10::NoGradGuard no_grad_here;
    std::vector<uint8_t> memory;
    try {
      for (int64_t begin = next.fetch_add(kGrain); begin < n; begin = next.fetch_add(kGrain)) {
        check_interrupt();
        for (int64_t i = begin; i < std::min(n, begin + kGrain); ++i) {
          const Tensor image = planar(images[static_cast<size_t>(i)], memory);
          for (size_t v = 0; v < views.size(); ++v) place(i, v, make(i, v, image));
        }
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = n;
    }
  };
  threads = std::clamp<int64_t>(threads, 1, (n + kGrain - 1) / kGrain);
  std::vector<std::thread> others;
  for (int64_t t = 1; t < threads; ++t) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
  return out;
}

}  // namespace likewise::python
