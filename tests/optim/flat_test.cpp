#include "optim/flat.hpp"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "likewise/base/random.hpp"

namespace likewise::flat {
namespace {

std::vector<float> normal_values(int64_t count, uint64_t seed) {
  std::vector<float> x(static_cast<size_t>(count));
  Rng(seed).fill_normal(x.data(), count);
  return x;
}

// Runs both sets of loops on equal inputs; they may differ by the rounding of a fused product.
TEST(FlatLoops, AreTheSameInEveryInstructionSet) {
  if (!avx2_loops()) GTEST_SKIP() << "this processor has one set only";
  const Loops &a = portable_loops(), &b = *avx2_loops();
  for (int64_t n = 0; n < 70; ++n) {
    for (const int64_t offset : {0, 1, 3}) {
      const auto g = normal_values(n + offset, 1), w = normal_values(n + offset, 2);
      auto w1 = w, w2 = w, v1 = g, v2 = g, m1 = normal_values(n + offset, 3), m2 = m1;
      for (float& x : m1) x *= x;
      m2 = m1;
      const auto expect_same = [&] {
        for (size_t i = 0; i < w.size(); ++i) {
          ASSERT_NEAR(w1[i], w2[i], 2e-6 * (1 + std::abs(w1[i]))) << n;
          ASSERT_NEAR(v1[i], v2[i], 2e-6) << n;
          ASSERT_NEAR(m1[i], m2[i], 2e-6 * (1 + std::abs(m1[i]))) << n;
        }
      };
      for (const bool nesterov : {false, true}) {
        const MomentumStep step = {0.1f, 0.7f, 0.9f, 0.8f, 0.05f, nesterov};
        a.momentum(&w1[0] + offset, &g[0] + offset, &v1[0] + offset, n, step);
        b.momentum(&w2[0] + offset, &g[0] + offset, &v2[0] + offset, n, step);
        expect_same();
      }
      const AdamStep step = {0.99f, 0.1f, 0.9f, 0.99f, 0.01f, 1.5f, 1e-8f};
      a.adam(&w1[0] + offset, &g[0] + offset, &v1[0] + offset, &m1[0] + offset, n, step);
      b.adam(&w2[0] + offset, &g[0] + offset, &v2[0] + offset, &m2[0] + offset, n, step);
      expect_same();
      a.average(&w1[0] + offset, &g[0] + offset, n, 0.9f);
      b.average(&w2[0] + offset, &g[0] + offset, n, 0.9f);
      a.scale(&v1[0] + offset, n, 0.3f);
      b.scale(&v2[0] + offset, n, 0.3f);
      expect_same();
      double square = 0, of_g = 0, of_w = 0;
      for (int64_t i = offset; i < n + offset; ++i) {
        const double x = g[i] + 0.25 * w[i];
        square += x * x;
        of_g += double{g[i]} * g[i];
        of_w += double{w[i]} * w[i];
      }
      for (const Loops* loops : {&a, &b}) {
        const SquareSums sums = loops->square_sums(&g[0] + offset, &w[0] + offset, 0.25f, n);
        EXPECT_NEAR(sums.gradient, square, 1e-6 * square);
        EXPECT_NEAR(sums.weight, of_w, 1e-6 * of_w);
        EXPECT_NEAR(loops->square_sum(&g[0] + offset, n), of_g, 1e-6 * of_g);
      }
    }
  }
}

TEST(FlatLoops, AreTheSameToTheBitForAnyNumberOfThreads) {
  const int64_t n = 200003;
  const auto g = normal_values(n, 1), w = normal_values(n, 2);
  const int before = at::get_num_threads();
  std::vector<float> first;
  double first_sum = 0;
  for (const int threads : {1, 2, 4}) {
    at::set_num_threads(threads);
    auto x = w;
    std::vector<float> v(n);
    momentum(x.data(), g.data(), v.data(), n, {0.1f, 1, 0.9f, 1, 0.1f, true});
    average(x.data(), g.data(), n, 0.99f);
    const double sum = square_sums(x.data(), w.data(), 0.1f, n).gradient + square_sum(w.data(), n);
    if (threads == 1) {
      first = x;
      first_sum = sum;
    }
    EXPECT_EQ(x, first);
    EXPECT_EQ(sum, first_sum);
  }
  at::set_num_threads(before);
}

}  // namespace
}  // namespace likewise::flat
