#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "kernels/contrastive/nt_xent.hpp"
#include "kernels/contrastive/tile.hpp"
#include "likewise/base/random.hpp"

namespace likewise::kernels {
namespace {

std::vector<float> normal_values(int64_t count, uint64_t seed) {
  std::vector<float> x(static_cast<size_t>(count));
  Rng rng(seed);
  rng.fill_normal(x.data(), count);
  return x;
}

struct LoopResult {
  double loss = 0, scale_gradient = 0;
  std::vector<double> grad;  // [2n, d], the rows of z0, then of z1
};

// The paper's algorithm as loops in double precision, its gradient by the chain rule, term by term.
LoopResult paper_loops(const NtXentProblem& p) {
  const int64_t rows = 2 * p.n, d = p.d;
  std::vector<double> raw(rows * d), x(rows * d), norm(rows, 1), grad(rows * d);
  for (int64_t i = 0; i < p.n * d; ++i) raw[i] = p.z0[i], raw[p.n * d + i] = p.z1[i];
  for (int64_t i = 0; i < rows; ++i) {
    double square = 0;
    for (int64_t k = 0; k < d; ++k) square += raw[i * d + k] * raw[i * d + k];
    if (p.normalize) norm[i] = std::max(std::sqrt(square), 1e-12);
    for (int64_t k = 0; k < d; ++k) x[i * d + k] = raw[i * d + k] / norm[i];
  }
  const double c = p.scale;
  const auto dot = [&](int64_t i, int64_t j) {
    double s = 0;
    for (int64_t k = 0; k < d; ++k) s += x[i * d + k] * x[j * d + k];
    return s;
  };
  const auto partner = [&](int64_t i) { return (i + p.n) % rows; };
  LoopResult out;
  for (int64_t i = 0; i < rows; ++i) {
    double weight = 1;
    if (p.decoupled && p.sigma > 0) {
      double all = 0;
      for (int64_t j = 0; j < p.n; ++j) all += std::exp(dot(j, j + p.n) / p.sigma);
      weight = 2 - p.n * std::exp(dot(i, partner(i)) / p.sigma) / all;
    }
    std::vector<double> s(rows);
    double top = -1e300;
    const auto counts = [&](int64_t j) {
      const bool compared = !p.across || (i < p.n) != (j < p.n);
      return compared && j != i && !(p.decoupled && j == partner(i));
    };
    for (int64_t j = 0; j < rows; ++j) {
      s[j] = dot(i, j);
      if (counts(j)) top = std::max(top, c * s[j]);
    }
    double sum = 0;
    for (int64_t j = 0; j < rows; ++j) sum += counts(j) ? std::exp(c * s[j] - top) : 0;
    out.loss += (top + std::log(sum) - weight * c * s[partner(i)]) / rows;
    for (int64_t j = 0; j < rows; ++j) {
      double by_s = counts(j) ? std::exp(c * s[j] - top) / sum : 0;  // d l_i / d (c s_ij)
      if (j == partner(i)) by_s -= weight;
      out.scale_gradient += by_s * s[j] / rows;
      for (int64_t k = 0; k < d; ++k) {
        grad[i * d + k] += c * by_s * x[j * d + k] / rows;
        grad[j * d + k] += c * by_s * x[i * d + k] / rows;
      }
    }
  }
  out.grad.resize(rows * d);
  for (int64_t i = 0; i < rows; ++i) {
    double along = 0;
    for (int64_t k = 0; k < d; ++k) along += grad[i * d + k] * x[i * d + k];
    if (!p.normalize) along = 0;
    for (int64_t k = 0; k < d; ++k) {
      out.grad[i * d + k] = (grad[i * d + k] - along * x[i * d + k]) / norm[i];
    }
  }
  return out;
}

std::vector<Simd> all_simd() {
  std::vector<Simd> out;
  for (Simd simd : {Simd::kPortable, Simd::kAvx2, Simd::kAvx512}) {
    if (can_run(simd)) out.push_back(simd);
  }
  return out;
}

// `relative` to the largest gradient entry, and to 1 + |loss|.
void expect_as_loops(const NtXentProblem& p, double relative) {
  const LoopResult expected = paper_loops(p);
  double largest = 0;
  for (double g : expected.grad) largest = std::max(largest, std::abs(g));
  for (const Simd simd : all_simd()) {
    SCOPED_TRACE(testing::Message()
                 << "n " << p.n << " d " << p.d << " scale " << p.scale << " decoupled "
                 << p.decoupled << " simd " << static_cast<int>(simd));
    std::vector<float> grad(2 * p.n * p.d, NAN);
    const NtXentValue got = nt_xent(p, grad.data(), grad.data() + p.n * p.d, serial_for, simd);
    EXPECT_NEAR(got.loss, expected.loss, relative * (1 + std::abs(expected.loss)));
    EXPECT_NEAR(got.scale_gradient, expected.scale_gradient, relative * 2);
    double worst = 0;
    for (size_t i = 0; i < grad.size(); ++i) {
      const double error = std::abs(grad[i] - expected.grad[i]);
      worst = std::isnan(error) ? INFINITY : std::max(worst, error);
    }
    EXPECT_LE(worst, relative * largest + 1e-9);
    const NtXentValue alone = nt_xent(p, nullptr, nullptr, serial_for, simd);
    EXPECT_EQ(alone.loss, got.loss);
  }
}

NtXentProblem problem_of(const std::vector<float>& z0, const std::vector<float>& z1, int64_t n,
                         int64_t d, float scale) {
  NtXentProblem p{};
  p.z0 = z0.data();
  p.z1 = z1.data();
  p.n = n;
  p.d = d;
  p.scale = scale;
  return p;
}

TEST(NtXentKernel, AgreesWithThePapersLoopsForEveryTailOfRowsAndColumns) {
  for (const int64_t n : {1, 2, 3, 5, 7, 8, 17, 24, 25, 47, 71, 72, 73, 145}) {
    for (const int64_t d : {1, 2, 7, 8, 9, 15, 16, 17, 33}) {
      if (n > 30 && d != 7 && d != 17) continue;
      const auto z0 = normal_values(n * d, 1), z1 = normal_values(n * d, 2);
      NtXentProblem p = problem_of(z0, z1, n, d, 2.0f);
      expect_as_loops(p, 3e-6);
      if (n == 1) continue;
      p.decoupled = true;
      expect_as_loops(p, 3e-6);
    }
  }
}

TEST(NtXentKernel, AgreesWhereOnlyTheOtherViewCounts) {
  for (const int64_t n : {1, 2, 3, 17, 191, 192, 193, 400}) {
    const int64_t d = n < 50 ? 9 : 17;
    const auto z0 = normal_values(n * d, 1), z1 = normal_values(n * d, 2);
    for (const float scale : {2.0f, 30.0f}) {
      for (const bool decoupled : {false, true}) {
        if (decoupled && n == 1) continue;
        NtXentProblem p = problem_of(z0, z1, n, d, scale);
        p.across = true;
        p.decoupled = decoupled;
        p.sigma = n == 17 ? 0.5 : 0;
        expect_as_loops(p, 3e-6 * std::max(1.0f, scale / 4));
      }
    }
  }
  const int64_t n = 60, d = 3;  // every row needs its own shift
  auto z0 = normal_values(n * d, 1), z1 = normal_values(n * d, 2);
  for (int64_t i = 0; i < n; ++i) z0[i * d] = 20, z1[i * d] = -20;
  NtXentProblem p = problem_of(z0, z1, n, d, 100.0f);
  p.across = true;
  expect_as_loops(p, 1e-4);
}

TEST(NtXentKernel, AgreesForEveryVariantAndTemperature) {
  const int64_t n = 61, d = 19;
  const auto z0 = normal_values(n * d, 3), z1 = normal_values(n * d, 4);
  for (const float scale : {0.1f, 1.0f, 14.0f, 100.0f}) {
    for (const bool decoupled : {false, true}) {
      for (const double sigma : {0.0, 0.5}) {
        for (const bool normalize : {true, false}) {
          NtXentProblem p = problem_of(z0, z1, n, d, normalize ? scale : scale * 0.1f);
          p.decoupled = decoupled;
          p.sigma = sigma;
          p.normalize = normalize;
          expect_as_loops(p, 3e-6 * std::max(1.0f, scale));
        }
      }
    }
  }
}

// Two clusters at opposite poles, an outlier at each positive: exponentials relative to the largest
// possible similarity underflow, and every row needs its own shift.
TEST(NtXentKernel, SurvivesNegativesThatAreAllOpposite) {
  for (const int64_t n : {2, 3, 60}) {
    const int64_t d = 5;
    std::vector<float> z0(n * d), z1(n * d);
    Rng rng(9);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t k = 0; k < d; ++k) {
        const double pole = k == 0 ? (i == 0 ? 1 : -1) : 0;
        z0[i * d + k] = static_cast<float>(pole + 0.01 * rng.normal());
        z1[i * d + k] = static_cast<float>(pole + 0.01 * rng.normal());
      }
    }
    for (const bool decoupled : {false, true}) {
      NtXentProblem p = problem_of(z0, z1, n, d, 100.0f);
      p.decoupled = decoupled;
      expect_as_loops(p, 1e-4);
    }
  }
}

TEST(NtXentKernel, IsTheSameToTheBitForAnyNumberOfThreads) {
  const int64_t n = 301, d = 37;
  const auto z0 = normal_values(n * d, 5), z1 = normal_values(n * d, 6);
  for (const float scale : {2.0f, 100.0f}) {
    const NtXentProblem p = problem_of(z0, z1, n, d, scale);
    std::vector<float> serial(2 * n * d);
    const NtXentValue expected = nt_xent(p, serial.data(), serial.data() + n * d);
    for (const int64_t threads : {2, 3, 4, 16}) {
      const ForEach threaded = [&](int64_t count,
                                   const std::function<void(int64_t, int64_t)>& body) {
        std::vector<std::thread> workers;
        for (int64_t t = 0; t < threads; ++t) {
          workers.emplace_back([&, t] {
            if (count * t / threads < count * (t + 1) / threads) {
              body(count * t / threads, count * (t + 1) / threads);
            }
          });
        }
        for (auto& worker : workers) worker.join();
      };
      std::vector<float> grad(2 * n * d);
      const NtXentValue got = nt_xent(p, grad.data(), grad.data() + n * d, threaded);
      EXPECT_EQ(got.loss, expected.loss);
      EXPECT_EQ(got.scale_gradient, expected.scale_gradient);
      EXPECT_EQ(grad, serial);
    }
  }
}

TEST(NtXentKernel, MakesNotANumberVisible) {
  const int64_t n = 9, d = 4;
  for (const float bad : {NAN, INFINITY}) {
    auto z0 = normal_values(n * d, 7);
    const auto z1 = normal_values(n * d, 8);
    z0[13] = bad;
    for (const Simd simd : all_simd()) {
      const auto p = problem_of(z0, z1, n, d, 2.0f);
      EXPECT_FALSE(std::isfinite(nt_xent(p, nullptr, nullptr, serial_for, simd).loss));
    }
  }
}

TEST(NtXentKernel, ExponentialsAreExactToFloatPrecisionOverTheirRange) {
  std::vector<const tile::Ops*> sets = {&tile::portable_ops()};
  if (tile::avx2_ops()) sets.push_back(tile::avx2_ops());
  for (const tile::Ops* ops : sets) {
    std::vector<float> s(tile::kRows * tile::kLeading);
    const std::vector<float> one(tile::kRows, 1.0f), none(tile::kRows, 0.0f);
    for (int round = 0; round < 40; ++round) {
      std::vector<float> x(tile::kRows);
      for (int64_t c = 0; c < tile::kRows; ++c) {
        x[c] = s[c] =
            static_cast<float>(-125.5 + 225.0 * (round * tile::kRows + c) / (40 * tile::kRows));
      }
      ops->exp_weights(s.data(), 1, 0, 1, tile::kRows, one.data(), none.data());
      for (int64_t c = 0; c < tile::kRows; ++c) {
        ASSERT_NEAR(s[c] / std::exp2(double{x[c]}), 1, 2.5e-7) << x[c];
      }
    }
    s[0] = -INFINITY;
    s[1] = -127.5f;
    ops->exp_weights(s.data(), 1, 0, 1, ops->panel, one.data(), none.data());
    EXPECT_EQ(s[0], 0);
    EXPECT_EQ(s[1], 0);
  }
}

}  // namespace
}  // namespace likewise::kernels
