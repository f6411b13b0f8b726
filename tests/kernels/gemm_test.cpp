// Matrix products against loops, over sizes that leave every kind of rest.
#include "kernels/gemm/gemm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>
#include <vector>

#include "likewise/base/random.hpp"

namespace likewise::kernels::gemm_test {
namespace {

// Small whole numbers: every order of addition gives the same sum, and equality is exact.
template <class T>
std::vector<T> whole(uint64_t seed, int64_t n) {
  std::vector<T> x;
  Rng rng(seed);
  for (int64_t i = 0; i < n; ++i) x.push_back(static_cast<T>(static_cast<int>(rng.below(15)) - 7));
  return x;
}

template <class T>
T at(const MatrixOf<T>& x, int64_t i, int64_t j) {
  return x.transposed ? x.at[j * x.step + i] : x.at[i * x.step + j];
}

template <class T>
void expect_exact(int64_t m, int64_t n, int64_t k, Simd simd) {
  for (const bool a_transposed : {false, true}) {
    for (const bool b_transposed : {false, true}) {
      for (const bool add : {false, true}) {
        const int64_t a_step = (a_transposed ? m : k) + 2, b_step = (b_transposed ? k : n) + 3;
        const auto a = whole<T>(1, a_step * (a_transposed ? k : m));
        const auto b = whole<T>(2, b_step * (b_transposed ? n : k));
        const MatrixOf<T> left{a.data(), a_step, a_transposed},
            right{b.data(), b_step, b_transposed};
        const int64_t step = n + 1;
        auto c = whole<T>(3, m * step);
        const auto before = c;
        gemm(m, n, k, left, right, c.data(), step, add, simd);
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            T sum = add ? before[i * step + j] : 0;
            for (int64_t x = 0; x < k; ++x) sum += at(left, i, x) * at(right, x, j);
            ASSERT_EQ(c[i * step + j], sum)
                << simd_name(simd) << " " << m << " x " << n << " x " << k << " transposed "
                << a_transposed << b_transposed << " add " << add << " at " << i << ", " << j;
          }
          ASSERT_EQ(c[i * step + n], before[i * step + n]) << "written beyond the row";
        }
      }
    }
  }
}

TEST(Gemm, EqualsLoopsForEveryRest) {
  for (Simd simd : {Simd::kPortable, Simd::kAvx2, Simd::kAvx512}) {
    if (!can_run(simd)) continue;
    for (const int64_t m : {1, 2, 5, 6, 7, 13, 14, 15, 16, 29, 61}) {
      for (const int64_t n : {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 70}) {
        for (const int64_t k : {0, 1, 3, 15, 16, 17, 33}) {
          expect_exact<float>(m, n, k, simd);
          expect_exact<double>(m, n, k, simd);
        }
      }
    }
    expect_exact<float>(20, 530, 40, simd);   // more than one block of columns
    expect_exact<float>(17, 40, 1100, simd);  // more than one block of depth
    expect_exact<double>(17, 40, 600, simd);
  }
}

TEST(Gemm, AnElementDependsOnItsRowAndItsColumnOnly) {
  const int64_t m = 75, n = 600, k = 700;
  std::vector<float> a(m * k), b(k * n), c(m * n), one(1), parts(m * n);
  Rng rng(4);
  rng.fill_normal(a.data(), m * k);
  rng.fill_normal(b.data(), k * n);
  const MatrixView left{a.data(), k}, right{b.data(), n};
  gemm(m, n, k, left, right, c.data(), n);
  for (const int64_t i : {0, 13, 14, 74}) {
    for (const int64_t j : {0, 31, 511, 512, 599}) {
      gemm(1, 1, k, MatrixView{a.data() + i * k, k}, MatrixView{b.data() + j, n}, one.data(), 1);
      EXPECT_EQ(one[0], c[i * n + j]) << i << ", " << j;
    }
  }
  for (const int64_t threads : {2, 3, 4, 16}) {
    gemm(m, n, k, left, right, parts.data(), n, false, threads,
         [&](int64_t count, const std::function<void(int64_t, int64_t)>& body) {
           std::vector<std::thread> workers;
           for (int64_t t = 0; t < count; ++t) workers.emplace_back([&body, t] { body(t, t + 1); });
           for (auto& worker : workers) worker.join();
         });
    EXPECT_EQ(parts, c);
  }
}

TEST(Gemm, CarriesInfinitiesAndNotANumberToTheirRowAndColumnOnly) {
  const int64_t m = 20, n = 40, k = 50;
  for (const float bad : {INFINITY, NAN}) {
    std::vector<float> a(m * k, 1.0F), b(k * n, 1.0F), c(m * n);
    a[3 * k + 49] = bad;
    b[20 * n + 33] = bad;
    gemm(m, n, k, MatrixView{a.data(), k}, MatrixView{b.data(), n}, c.data(), n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        EXPECT_EQ(std::isfinite(c[i * n + j]), i != 3 && j != 33) << i << ", " << j;
      }
    }
  }
}

}  // namespace
}  // namespace likewise::kernels::gemm_test
