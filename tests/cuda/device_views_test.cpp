// The views that a GPU makes against those of their twin on the processor. Skipped without a GPU.
#include "kernels/cuda/device_views.hpp"

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/cuda/host_views.hpp"
#include "likewise/base/random.hpp"

namespace likewise::kernels::gpu {
namespace {

void check(cudaError_t error) { ASSERT_EQ(error, cudaSuccess) << cudaGetErrorString(error); }

// Memory of the device that holds a copy of `values`.
template <class T>
class OnDevice {
 public:
  explicit OnDevice(const std::vector<T>& values) : bytes_(values.size() * sizeof(T)) {
    check(cudaMalloc(&data_, bytes_ > 0 ? bytes_ : 1));
    check(cudaMemcpy(data_, values.data(), bytes_, cudaMemcpyHostToDevice));
  }
  ~OnDevice() { cudaFree(data_); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  T* get() const { return static_cast<T*>(data_); }
  std::vector<T> values() const {
    std::vector<T> out(bytes_ / sizeof(T));
    check(cudaMemcpy(out.data(), data_, bytes_, cudaMemcpyDeviceToHost));
    return out;
  }

 private:
  size_t bytes_;
  void* data_ = nullptr;
};

// Images of several sizes, every kind of step in an order that differs.
struct Case {
  std::vector<uint8_t> records;
  std::vector<int64_t> starts;
};

Case make_case(int32_t size, int64_t count) {
  Case made;
  Rng rng(7);
  for (int64_t n = 0; n < count; ++n) {
    ViewJob job;
    job.channels = n % 3 == 0 ? 1 : 3;
    job.height = static_cast<int32_t>(1 + rng.below(60));
    job.width = static_cast<int32_t>(1 + rng.below(60));
    ViewPlan& plan = job.plan;
    plan.pads = n % 5 == 0;
    plan.height = plan.pads ? std::max(job.height, job.width) : 1 + rng.below(job.height);
    plan.width = plan.pads ? plan.height : 1 + rng.below(job.width);
    plan.top = plan.pads ? 0 : rng.below(job.height - plan.height + 1);
    plan.left = plan.pads ? 0 : rng.below(job.width - plan.width + 1);
    plan.flips = n % 2 == 0;
    plan.warps = n % 4 == 0;
    plan.xx = 0.9, plan.xy = 0.3, plan.yx = -0.3, plan.yy = 1.1, plan.x0 = 1.5;
    plan.noise_key[0] = 5, plan.noise_key[1] = 6, plan.noise_word = static_cast<uint64_t>(n);
    for (int64_t i = 0; i < ViewPlan::kMostSteps; ++i) {
      const auto kind = static_cast<PlanStep>((5 * i + n) % 14);
      double amount = 0.7;
      if (kind == PlanStep::hue) amount = -0.2;
      if (kind == PlanStep::noise) amount = 0.05;
      if (kind == PlanStep::solarize) continue;  // would tell apart what differs in the last digit
      plan.add({.kind = kind, .top = 1, .left = 2, .side = size / 3, .amount = amount});
    }
    made.starts.push_back(static_cast<int64_t>(made.records.size()));
    const auto* head = reinterpret_cast<const uint8_t*>(&job);
    made.records.insert(made.records.end(), head, head + sizeof(job));
    const int64_t bytes = record_bytes(int64_t{job.channels} * job.height * job.width);
    for (auto i = static_cast<int64_t>(sizeof(job)); i < bytes; ++i) {
      made.records.push_back(static_cast<uint8_t>(rng.next_u32()));
    }
  }
  return made;
}

TEST(DeviceViews, AreThoseOfTheirTwin) {
  int devices = 0;
  const cudaError_t there = cudaGetDeviceCount(&devices);
  if (there != cudaSuccess || devices == 0) {
    GTEST_SKIP() << "no GPU: " << cudaGetErrorString(there);
  }
  for (int32_t size : {1, 19, 32, 96}) {  // the last needs scratch of the device
    for (int32_t channels : {1, 3}) {
      for (bool last : {false, true}) {
        const Case images = make_case(size, 70);
        const auto count = static_cast<int64_t>(images.starts.size());
        ViewBatch batch;
        batch.channels = channels, batch.size = size, batch.blur_kernel = 9;
        batch.channels_last = last, batch.background = 0.25F;
        std::vector<float> expected(static_cast<size_t>(count * channels * batch.plane()));
        batch.records = images.records.data(), batch.starts = images.starts.data();
        batch.out = expected.data();
        make_views_on_host(batch, count);

        const OnDevice<uint8_t> records(images.records);
        const OnDevice<int64_t> starts(images.starts);
        const OnDevice<float> out(std::vector<float>(expected.size(), std::nanf("")));
        const OnDevice<float> scratch(
            std::vector<float>(static_cast<size_t>(device_scratch(batch, count))));
        batch.records = records.get(), batch.starts = starts.get(), batch.out = out.get();
        const char* trouble = make_views_on_device(batch, count, scratch.get(), nullptr);
        ASSERT_EQ(trouble, nullptr) << trouble;
        check(cudaDeviceSynchronize());
        const std::vector<float> got = out.values();
        for (size_t i = 0; i < expected.size(); ++i) {
          ASSERT_NEAR(got[i], expected[i], 1e-4) << "at " << i << ", side " << size;
        }
      }
    }
  }
}

}  // namespace
}  // namespace likewise::kernels::gpu
