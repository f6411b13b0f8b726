// Inner products against loops in double, over sizes that leave every kind of rest.
#include "kernels/products.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "likewise/base/random.hpp"

namespace likewise::kernels {
namespace {

std::vector<float> normal(uint64_t seed, int64_t n) {
  std::vector<float> x(static_cast<size_t>(n));
  Rng(seed).fill_normal(x.data(), n);
  return x;
}

double plain_dot(const float* a, const float* b, int64_t d) {
  double sum = 0;
  for (int64_t k = 0; k < d; ++k) sum += double{a[k]} * double{b[k]};
  return sum;
}

TEST(Products, EqualLoopsInDouble) {
  for (Simd simd : {Simd::kPortable, Simd::kAvx2, Simd::kAvx512}) {
    if (!can_run(simd)) continue;
    for (int64_t d : {1, 7, 16, 31, 32, 64, 100}) {
      for (auto [m, n] : {std::pair<int64_t, int64_t>{1, 1},
                          {5, 17},
                          {12, 16},
                          {13, 144},
                          {144, 145},
                          {145, 300},
                          {290, 3}}) {
        const auto a = normal(1, m * d), b = normal(2, n * d);
        const int64_t step = n + 3;
        std::vector<float> c(static_cast<size_t>(m * step), -7.0F);
        inner_products(a.data(), m, b.data(), n, d, c.data(), step, simd);
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            ASSERT_NEAR(c[static_cast<size_t>(i * step + j)],
                        plain_dot(a.data() + i * d, b.data() + j * d, d),
                        2e-6 * static_cast<double>(d))
                << simd_name(simd) << " " << m << " " << n << " " << d << " at " << i << ", " << j;
          }
          for (int64_t j = n; j < step; ++j) {
            ASSERT_EQ(c[static_cast<size_t>(i * step + j)], -7.0F) << "written beyond the row";
          }
        }
      }
    }
  }
}

TEST(Products, DoNotDependOnTheNumberOfRows) {
  const int64_t d = 96, n = 200;
  const auto a = normal(3, n * d), b = normal(4, n * d);
  std::vector<float> all(static_cast<size_t>(n * n)), one(1);
  inner_products(a.data(), n, b.data(), n, d, all.data(), n);
  for (int64_t i : {0, 11, 143, 144, 199}) {
    for (int64_t j : {0, 15, 16, 143, 150, 199}) {
      inner_products(a.data() + i * d, 1, b.data() + j * d, 1, d, one.data(), 1);
      EXPECT_EQ(one[0], all[static_cast<size_t>(i * n + j)]) << i << ", " << j;
    }
  }
}

TEST(Products, SearchFindsWhatReachesTheThresholdsAndNothingElse) {
  for (Simd simd : {Simd::kPortable, Simd::kAvx2, Simd::kAvx512}) {
    if (!can_run(simd)) continue;
    for (auto [m, n, d] : {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1},
                           {3, 14, 5},
                           {31, 27, 16},
                           {33, 100, 700},
                           {70, 29, 1100}}) {
      const auto a = normal(1, m * d), b = normal(2, n * d), offsets = normal(3, n);
      std::vector<float> products(static_cast<size_t>(m * n));
      inner_products(a.data(), m, b.data(), n, d, products.data(), n, simd);
      for (const bool with_offsets : {false, true}) {
        const float factor = with_offsets ? 2 : 1;
        ProductSearch search(a.data(), m, d, simd);
        for (int64_t i = 1; i < m; ++i) search.threshold(i) = 0.1F * static_cast<float>(i);
        std::vector<float> found(products.size(), NAN);
        std::vector<int64_t> last(static_cast<size_t>(m), -1);
        search.scan(b.data(), n, factor, with_offsets ? offsets.data() : nullptr,
                    [&](int64_t i, int64_t j, float score) {
                      EXPECT_LT(last[static_cast<size_t>(i)], j) << "rows in order";
                      last[static_cast<size_t>(i)] = j;
                      found[static_cast<size_t>(i * n + j)] = score;
                      if (i == m - 1) search.threshold(i) = score;  // only the best so far
                    });
        float best = search.threshold(m - 1);
        for (int64_t i = 0; i < m; ++i) {
          const float threshold = i == 0 ? -INFINITY : 0.1F * static_cast<float>(i);
          for (int64_t j = 0; j < n; ++j) {
            const auto at = static_cast<size_t>(i * n + j);
            const float score =
                factor * products[at] + (with_offsets ? offsets[static_cast<size_t>(j)] : 0.0F);
            if (i == m - 1) {
              EXPECT_LE(std::isnan(found[at]) ? -INFINITY : found[at], best);
            } else if (score >= threshold) {
              EXPECT_EQ(found[at], score) << simd_name(simd) << " " << i << ", " << j;
            } else {
              EXPECT_TRUE(std::isnan(found[at])) << simd_name(simd) << " " << i << ", " << j;
            }
          }
        }
      }
    }
  }
}

TEST(Products, RowSumsEqualLoopsInDouble) {
  for (int64_t n : {1, 7, 8, 9, 64, 513}) {
    const auto a = normal(5, n), b = normal(6, n);
    double distance = 0;
    for (int64_t k = 0; k < n; ++k) {
      const double difference =
          double{a[static_cast<size_t>(k)]} - double{b[static_cast<size_t>(k)]};
      distance += difference * difference;
    }
    EXPECT_NEAR(dot(a.data(), b.data(), n), plain_dot(a.data(), b.data(), n),
                1e-12 * static_cast<double>(n));
    EXPECT_NEAR(squared_distance(a.data(), b.data(), n), distance, 1e-12 * static_cast<double>(n));
  }
}

}  // namespace
}  // namespace likewise::kernels
