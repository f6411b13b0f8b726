// Every corruption changes samples, more with severity, and keeps what an encoder needs.
#include "likewise/views/corruptions.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "likewise/base/error.hpp"

namespace likewise::corruption_tests {
namespace {

Tensor sample_of(Modality modality) {
  if (modality == Modality::image) {
    Tensor x = at::empty({3, 32, 40}, at::kByte);
    for (int64_t i = 0; i < x.numel(); ++i) {
      x.data_ptr<uint8_t>()[i] =
          static_cast<uint8_t>(128 + 60 * std::sin(0.35 * static_cast<double>(i % 40)) +
                               50 * std::sin(0.02 * static_cast<double>(i)));
    }
    return x;
  }
  Tensor x = at::empty({6, 400}, at::kFloat);
  Rng rng(1);
  for (int64_t i = 0; i < x.numel(); ++i) {
    x.data_ptr<float>()[i] =
        static_cast<float>(std::sin(0.3 * static_cast<double>(i % 400)) + 0.1 * rng.normal());
  }
  return x;
}

TEST(Corruptions, ThereAreTheFifteenOfImagesAndNamesAreUnique) {
  std::set<std::string> names;
  int images = 0;
  for (const Corruption& c : corruptions()) {
    EXPECT_TRUE(names.insert(std::string(modality_name(c.modality)) + c.name).second) << c.name;
    images += c.modality == Modality::image;
  }
  EXPECT_EQ(images, 15);
}

TEST(Corruptions, EachChangesTheSampleMoreWithSeverity) {
  for (const Corruption& c : corruptions()) {
    SCOPED_TRACE(std::string(modality_name(c.modality)) + " " + c.name);
    const Tensor x = sample_of(c.modality), before = x.clone();
    std::vector<double> change(5, 0.0);
    for (int severity = 1; severity <= 5; ++severity) {
      const View view = c.make(severity, 8000);
      for (uint64_t seed = 0; seed < 24; ++seed) {
        Rng a(seed), b(seed);
        const Tensor y = view(x, a);
        ASSERT_EQ(y.sizes(), x.sizes());
        ASSERT_EQ(y.scalar_type(), x.scalar_type());
        ASSERT_TRUE(at::equal(y, view(x, b)));
        const Tensor difference = y.to(at::kFloat) - x.to(at::kFloat);
        ASSERT_TRUE(difference.isfinite().all().item<bool>());
        change[static_cast<size_t>(severity - 1)] += difference.pow(2).mean().item<double>() / 24;
      }
    }
    EXPECT_TRUE(at::equal(x, before));
    EXPECT_GT(change[0], 0);
    // The squared difference does not measure what moves: the paper's elastic distortions grow
    // rougher while their smooth part shrinks, and a tone that is moved in time differs by its
    // phase.
    if (!std::set<std::string>{"elastic", "echo", "speed"}.count(c.name)) {
      EXPECT_GT(change[4], change[0]);
    }
    EXPECT_THROW(c.make(6, 8000), Error);
  }
}

TEST(Corruptions, GrayAndTinyImagesAreTakenToo) {
  for (const Corruption& c : corruptions()) {
    if (c.modality != Modality::image) continue;
    SCOPED_TRACE(c.name);
    const Tensor small =
        sample_of(Modality::image).narrow(0, 0, 1).narrow(1, 0, 5).narrow(2, 0, 4).contiguous();
    Rng rng(0);
    for (int severity = 1; severity <= 5; ++severity)
      EXPECT_EQ(c.make(severity, 0)(small, rng).sizes(), small.sizes());
  }
}

}  // namespace
}  // namespace likewise::corruption_tests
