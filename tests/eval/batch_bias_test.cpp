#include "likewise/eval/batch_bias.hpp"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "eval/eval_support.hpp"

namespace likewise {
namespace {

TEST(BatchBias, EveryGapIsPositiveAndFallsAsOneOverM) {
  std::vector<float> x(1500 * 32);
  Rng(1).fill_normal(x.data(), static_cast<int64_t>(x.size()));
  Rng rng(2);
  const auto report = batch_bias(at::tensor(x).reshape({1500, 32}), 0.2,
                                 {8, 16, 32, 64, 128, 256, 512}, 60, 40, rng);
  double before = 1e9;
  for (const auto& b : report.sizes) {
    EXPECT_GT(b.gap, 0) << b.negatives;
    EXPECT_LT(b.gap, before) << b.negatives;
    EXPECT_NEAR(b.estimate, report.full - b.gap, 1e-12);
    before = b.gap;
  }
  EXPECT_NEAR(report.slope, -1, 0.15);
  // The leading term of the gap.
  EXPECT_NEAR(report.sizes.back().gap * 2 * 512 / report.relative_variance, 1, 0.15);
}

TEST(BatchBias, EqualSimilaritiesHaveNone) {
  // Orthogonal rows: every negative is alike.
  std::vector<float> x(64, 0);
  for (int i = 0; i < 8; ++i) x[static_cast<size_t>(i * 8 + i)] = 1;
  Rng rng(1);
  const auto report = batch_bias(at::tensor(x).reshape({8, 8}), 0.1, {2, 4}, 8, 5, rng);
  EXPECT_NEAR(report.full, 0, 1e-6);
  for (const auto& b : report.sizes) EXPECT_NEAR(b.gap, 0, 1e-9);
  EXPECT_TRUE(std::isnan(report.slope) || std::isfinite(report.slope));
}

}  // namespace
}  // namespace likewise
