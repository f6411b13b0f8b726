// A view by several threads at once, as a GPU makes it, against one thread: a missing
// synchronisation shows as another image, and ThreadSanitizer names it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "kernels/cuda/host_views.hpp"
#include "kernels/image/noise.hpp"
#include "likewise/base/random.hpp"

namespace likewise::kernels::gpu {
namespace {

ViewJob job_with(int64_t number, int32_t size) {
  ViewJob job;
  job.channels = 3, job.height = 17, job.width = 23;
  ViewPlan& plan = job.plan;
  plan.top = 2, plan.left = 3, plan.height = 11, plan.width = 15;
  plan.flips = number % 2 == 0;
  plan.warps = number % 3 != 0;
  plan.xx = 0.9, plan.xy = 0.3, plan.yx = -0.3, plan.yy = 1.1, plan.x0 = 1.5;
  plan.noise_key[0] = 5, plan.noise_key[1] = 6, plan.noise_word = static_cast<uint64_t>(number);
  // All kinds, in an order that differs.
  for (int64_t i = 0; i < ViewPlan::kMostSteps; ++i) {
    const auto kind = static_cast<PlanStep>((5 * i + number) % 14);
    double amount = 0.7;
    if (kind == PlanStep::hue) amount = -0.2;
    if (kind == PlanStep::noise) amount = 0.05;
    plan.add({.kind = kind, .top = 1, .left = 2, .side = size / 3, .amount = amount});
  }
  return job;
}

TEST(TeamViews, AreThoseOfOneThread) {
  constexpr int32_t kSize = 19;
  constexpr int64_t count = 14, kRecord = record_bytes(3 * 17 * 23);
  std::vector<uint8_t> records(count * kRecord);
  std::vector<int64_t> starts;
  Rng rng(4);
  for (auto& byte : records) byte = static_cast<uint8_t>(rng.next_u32());
  for (int64_t number = 0; number < count; ++number) {
    const ViewJob job = job_with(number, kSize);
    starts.push_back(number * kRecord);
    std::memcpy(records.data() + starts.back(), &job, sizeof(job));
  }
  ViewBatch batch;
  batch.records = records.data();
  batch.starts = starts.data();
  batch.channels = 3, batch.size = kSize, batch.blur_kernel = 5;
  std::vector<float> alone(static_cast<size_t>(count * 3 * kSize * kSize)), together(alone.size());
  batch.out = alone.data();
  make_views_on_host(batch, count);
  for (int64_t threads : {2, 7}) {
    batch.out = together.data();
    std::fill(together.begin(), together.end(), std::nanf(""));
    make_views_on_host(batch, count, threads);
    for (size_t i = 0; i < alone.size(); ++i) {
      ASSERT_NEAR(together[i], alone[i], 1e-5) << "at " << i << ", " << threads << " threads";
    }
  }
}

TEST(TeamViews, MakeTheNoiseThatTheStreamGives) {
  for (int64_t count : {1, 2, 3, 127, 128, 129, 300}) {
    for (uint64_t drawn : {0, 1, 2, 3, 6}) {
      Rng rng(9, {2});
      rng.skip(drawn);
      ViewPlan plan;
      const Rng::Place place = rng.place();
      EXPECT_EQ(place.word, drawn);
      plan.noise_key[0] = place.key[0], plan.noise_key[1] = place.key[1];
      plan.noise_word = place.word;
      const std::vector<float> zeros(static_cast<size_t>(count));
      std::vector<float> expected(zeros.size());
      add_normal(zeros.data(), expected.data(), count, 1.0F, rng);
      for (int64_t i = 0; i < count; ++i) {
        ASSERT_NEAR(normal_at(plan, i, count), expected[static_cast<size_t>(i)], 2e-5)
            << i << " of " << count << ", " << drawn << " words drawn before";
      }
      Rng skipped = Rng::from(place);
      skipped.skip(static_cast<uint64_t>(count + count % 2));
      EXPECT_EQ(skipped.next_u64(), rng.next_u64());
    }
  }
}

}  // namespace
}  // namespace likewise::kernels::gpu
