#pragma once
// Images for the tests of views.

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "likewise/base/random.hpp"
#include "likewise/tensor.hpp"
#include "likewise/views/image_stats.hpp"

namespace likewise {

// Statistics of data whose channels differ in scale, so that a mixed-up channel shows.
inline ImageStats stats_of(int64_t channels, int64_t side, double background) {
  ImageStats s;
  s.height = s.width = side;
  s.channels = channels;
  s.mean.assign(static_cast<size_t>(channels), 0.45);
  s.std = channels == 3 ? std::vector<double>{0.25, 0.5, 1.0} : std::vector<double>{0.3};
  s.background = background;
  return s;
}

inline Tensor image_of(const std::vector<float>& values, int64_t c, int64_t h, int64_t w) {
  Tensor x = at::empty({c, h, w}, at::kFloat);
  EXPECT_EQ(static_cast<int64_t>(values.size()), c * h * w);
  std::copy(values.begin(), values.end(), x.data_ptr<float>());
  return x;
}

inline Tensor random_image(uint64_t seed, int64_t c, int64_t h, int64_t w) {
  Rng rng(seed);
  Tensor x = at::empty({c, h, w}, at::kFloat);
  rng.fill_uniform(x.data_ptr<float>(), x.numel());
  return x;
}

inline Tensor random_bytes(uint64_t seed, int64_t c, int64_t h, int64_t w) {
  return random_image(seed, c, h, w).mul(255.999).floor().to(at::kByte);
}

inline std::vector<double> values_of(const Tensor& x) {
  const Tensor wide = x.to(at::kDouble).contiguous();
  return {wide.data_ptr<double>(), wide.data_ptr<double>() + wide.numel()};
}

inline void expect_near(const Tensor& got, const std::vector<double>& expected, double tolerance,
                        const std::string& what) {
  const auto values = values_of(got);
  ASSERT_EQ(values.size(), expected.size()) << what;
  size_t worst = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_TRUE(std::isfinite(values[i])) << what << " at " << i << ": " << values[i];
    if (std::abs(values[i] - expected[i]) > std::abs(values[worst] - expected[worst])) worst = i;
  }
  EXPECT_LE(std::abs(values[worst] - expected[worst]), tolerance)
      << what << " at " << worst << ": got " << values[worst] << ", expected " << expected[worst];
}

inline void expect_equal(const Tensor& got, const Tensor& expected, const std::string& what) {
  ASSERT_EQ(got.sizes(), expected.sizes()) << what;
  expect_near(got, values_of(expected), 0.0, what);
}

}  // namespace likewise
