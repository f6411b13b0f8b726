#include "kernels/contrastive/info_nce.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "likewise/base/random.hpp"

namespace likewise::kernels::info_nce_test {
namespace {

std::vector<float> values(int64_t count, uint64_t seed) {
  std::vector<float> x(static_cast<size_t>(count));
  Rng(seed).fill_normal(x.data(), count);
  return x;
}

// A problem that owns its arrays.
struct Case {
  Case(int64_t n, int64_t m, int64_t d, float scale)
      : q(values(n * d, 1)), k(values(m * d, 2)), own(values(n * d, 3)) {
    p.q = q.data();
    p.k = k.data();
    p.n = n, p.m = m, p.d = d, p.scale = scale;
    Rng rng(5);
    for (int64_t i = 0; i < n; ++i) {
      positive.push_back(i % 5 == 4 ? -1 : static_cast<int64_t>(rng.below(m)));
      self.push_back(i % 7 == 3 ? -1 : static_cast<int64_t>(rng.below(m)));
      if (self.back() == positive.back()) self.back() = -1;
      query_group.push_back(static_cast<int64_t>(rng.below(5)) - 1);
    }
    for (int64_t j = 0; j < m; ++j) {
      key_group.push_back(static_cast<int64_t>(rng.below(5)) - 1);
      log_weight.push_back(static_cast<float>(rng.uniform(-2.0, 1.0)));
    }
  }
  void give_positive() { p.positive = positive.data(); }
  void give_beside() { p.positive_key = own.data(); }
  void give_self() { p.self = self.data(); }
  void give_groups(bool attract) {
    p.query_group = query_group.data();
    p.key_group = key_group.data();
    p.groups_attract = attract;
  }
  std::vector<float> q, k, own, log_weight;
  std::vector<int64_t> positive, self, query_group, key_group;
  InfoNceProblem p;
};

struct Loops {
  double loss = 0, scale_gradient = 0;
  std::vector<double> q, k, own;  // gradients
};

using Rows = std::vector<double>;

Rows divided(const float* x, int64_t rows, int64_t d, bool normalize, Rows& norm) {
  Rows out(static_cast<size_t>(rows * d));
  norm.assign(static_cast<size_t>(rows), 1);
  for (int64_t i = 0; i < rows; ++i) {
    double square = 0;
    for (int64_t c = 0; c < d; ++c) square += double{x[i * d + c]} * x[i * d + c];
    if (normalize) norm[i] = std::max(std::sqrt(square), 1e-12);
    for (int64_t c = 0; c < d; ++c) out[i * d + c] = x[i * d + c] / norm[i];
  }
  return out;
}

void through_norm(const Rows& x, const Rows& norm, int64_t d, bool normalize, Rows& g) {
  for (size_t i = 0; i < norm.size(); ++i) {
    double along = 0;
    for (int64_t c = 0; c < d; ++c) along += g[i * d + c] * x[i * d + c];
    if (!normalize) along = 0;
    for (int64_t c = 0; c < d; ++c) g[i * d + c] = (g[i * d + c] - along * x[i * d + c]) / norm[i];
  }
}

// The definition, pair by pair, in double. Key m stands for the positive beside the keys.
Loops loops(const InfoNceProblem& p) {
  Rows q_norm, k_norm, own_norm;
  const Rows q = divided(p.q, p.n, p.d, p.normalize, q_norm);
  const Rows k = divided(p.k, p.m, p.d, p.normalize, k_norm);
  Rows own;
  if (p.positive_key) own = divided(p.positive_key, p.n, p.d, p.normalize, own_norm);
  Loops out;
  out.q.resize(q.size()), out.k.resize(k.size()), out.own.resize(own.size());
  double counted = 0;
  for (int64_t i = 0; i < p.n; ++i) {
    struct Term {
      int64_t key;
      bool positive, allowed;
      double s, b;
    };
    std::vector<Term> terms;
    double positives = 0, denominators = 0;
    for (int64_t j = 0; j <= p.m; ++j) {
      if (j == p.m && !p.positive_key) continue;
      const bool is_own = j == p.m || (p.positive && p.positive[i] == j);
      const bool is_self = j < p.m && p.self && p.self[i] == j;
      const bool same = j < p.m && p.query_group && p.query_group[i] >= 0 &&
                        p.query_group[i] == p.key_group[j] && !is_self;
      Term t{j, is_own || (same && p.groups_attract), is_own || !is_self, 0, 0};
      if (p.decoupled && (t.positive || same)) t.allowed = false;
      if (!p.groups_attract && same && !is_own) t.allowed = false;
      const double* key = j == p.m ? &own[i * p.d] : &k[j * p.d];
      for (int64_t c = 0; c < p.d; ++c) t.s += q[i * p.d + c] * key[c];
      if (j < p.m && p.key_log_weight) t.b = p.key_log_weight[j];
      positives += t.positive;
      denominators += t.allowed;
      terms.push_back(t);
    }
    if (positives == 0 || denominators == 0) continue;
    ++counted;
    double top = -1e300, sum = 0;
    for (const Term& t : terms) {
      if (t.allowed) top = std::max(top, p.scale * t.s + t.b);
    }
    for (const Term& t : terms) sum += t.allowed ? std::exp(p.scale * t.s + t.b - top) : 0;
    out.loss += top + std::log(sum);
    for (const Term& t : terms) {
      double by_s = t.allowed ? std::exp(p.scale * t.s + t.b - top) / sum : 0;
      if (t.positive) {
        out.loss -= p.scale * t.s / positives;
        by_s -= 1 / positives;
      }
      out.scale_gradient += by_s * t.s;
      const double* key = t.key == p.m ? &own[i * p.d] : &k[t.key * p.d];
      double* to = t.key == p.m ? &out.own[i * p.d] : &out.k[t.key * p.d];
      for (int64_t c = 0; c < p.d; ++c) {
        out.q[i * p.d + c] += p.scale * by_s * key[c];
        to[c] += p.scale * by_s * q[i * p.d + c];
      }
    }
  }
  if (counted > 0) {
    out.loss /= counted, out.scale_gradient /= counted;
    for (auto* rows : {&out.q, &out.k, &out.own}) {
      for (double& x : *rows) x /= counted;
    }
  }
  through_norm(q, q_norm, p.d, p.normalize, out.q);
  through_norm(k, k_norm, p.d, p.normalize, out.k);
  through_norm(own, own_norm, p.d, p.normalize, out.own);
  return out;
}

double worst(const std::vector<float>& got, const Rows& expected) {
  double most = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(got[i] - expected[i]);
    most = std::isnan(error) ? INFINITY : std::max(most, error);
  }
  return most;
}

double largest(const Rows& x) {
  double most = 0;
  for (double v : x) most = std::max(most, std::abs(v));
  return most;
}

// `relative` to 1 + |loss|, and to the largest entry of the gradients.
void expect_as_loops(const InfoNceProblem& p, double relative) {
  const Loops expected = loops(p);
  const double size = std::max({largest(expected.q), largest(expected.k), largest(expected.own)});
  for (const Simd simd : {Simd::kPortable, Simd::kAvx2, Simd::kAvx512}) {
    if (!can_run(simd)) continue;
    SCOPED_TRACE(testing::Message()
                 << "n " << p.n << " m " << p.m << " d " << p.d << " scale " << p.scale
                 << " decoupled " << p.decoupled << " groups " << (p.query_group != nullptr)
                 << " attract " << p.groups_attract << " positive " << (p.positive != nullptr)
                 << " beside " << (p.positive_key != nullptr) << " " << simd_name(simd));
    std::vector<float> q(p.n * p.d, NAN), k(p.m * p.d, NAN);
    std::vector<float> own(p.positive_key ? p.n * p.d : 0, NAN);
    const InfoNceValue got =
        info_nce(p, {q.data(), k.data(), p.positive_key ? own.data() : nullptr}, serial_for, simd);
    EXPECT_NEAR(got.loss, expected.loss, relative * (1 + std::abs(expected.loss)));
    EXPECT_NEAR(got.scale_gradient, expected.scale_gradient, relative * 2);
    EXPECT_LE(worst(q, expected.q), relative * size + 1e-9);
    EXPECT_LE(worst(k, expected.k), relative * size + 1e-9);
    EXPECT_LE(worst(own, expected.own), relative * size + 1e-9);
    std::vector<float> alone(p.n * p.d, NAN);
    EXPECT_EQ(info_nce(p, {alone.data()}, serial_for, simd).loss, got.loss);
    EXPECT_EQ(alone, q);
    EXPECT_EQ(info_nce(p, {}, serial_for, simd).loss, got.loss);
  }
}

// Calls body for every combination of what a problem may have.
template <class Body>
void over_variants(int64_t n, int64_t m, int64_t d, float scale, const Body& body) {
  for (int own = 0; own < 3; ++own) {
    for (int groups = 0; groups < 3; ++groups) {
      for (const bool decoupled : {false, true}) {
        for (const bool extras : {false, true}) {
          Case c(n, m, d, scale);
          if (own == 1) c.give_positive();
          if (own == 2) c.give_beside();
          if (groups > 0) c.give_groups(groups == 1);
          c.p.decoupled = decoupled;
          if (extras) {
            c.give_self();
            c.p.key_log_weight = c.log_weight.data();
          }
          body(c);
        }
      }
    }
  }
}

TEST(InfoNceKernel, AgreesWithTheDefinitionInEveryCombination) {
  over_variants(23, 37, 9, 5.0F, [](Case& c) { expect_as_loops(c.p, 3e-6); });
  over_variants(23, 37, 9, 0.7F, [](Case& c) {
    c.p.normalize = false;
    expect_as_loops(c.p, 5e-6);
  });
}

TEST(InfoNceKernel, AgreesForEveryTailOfQueriesKeysAndColumns) {
  for (const int64_t n : {1, 2, 11, 13, 191, 192, 193, 400}) {
    for (const int64_t m : {1, 2, 15, 31, 33, 191, 192, 195, 500}) {
      for (const int64_t d : {1, 7, 16, 17, 33}) {
        if (n * m > 5000 && d != 17) continue;
        Case c(n, m, d, 4.0F);
        c.give_positive();
        if (n > 50 && m > 50) c.give_groups(n % 2 == 0);
        expect_as_loops(c.p, 3e-6);
      }
    }
  }
}

TEST(InfoNceKernel, AgreesForManyTilesOfKeys) {
  Case c(20, 3000, 5, 6.0F);  // more tiles than pieces of work
  c.give_beside();
  expect_as_loops(c.p, 3e-6);
  Case many(1800, 200, 5, 6.0F);  // more tiles of queries than a block
  many.give_positive();
  many.give_groups(true);
  expect_as_loops(many.p, 3e-6);
}

TEST(InfoNceKernel, AgreesForEveryTemperature) {
  for (const float scale : {0.01F, 1.0F, 14.3F, 100.0F}) {
    over_variants(31, 50, 12, scale,
                  [&](Case& c) { expect_as_loops(c.p, 3e-6 * std::max(1.0F, scale)); });
  }
}

// All keys on the other side: exponentials relative to the largest possible similarity underflow,
// and every row needs its own shift.
TEST(InfoNceKernel, SurvivesKeysThatAreAllOpposite) {
  for (const bool beside : {false, true}) {
    for (const bool decoupled : {false, true}) {
      Case c(40, 210, 3, 100.0F);
      for (int64_t i = 0; i < 40; ++i) c.q[i * 3] = i % 2 == 0 ? 20.0F : -20.0F;
      for (int64_t j = 0; j < 210; ++j) c.k[j * 3] = -20;
      beside ? c.give_beside() : c.give_positive();
      c.p.decoupled = decoupled;
      expect_as_loops(c.p, 1e-4);
    }
  }
}

TEST(InfoNceKernel, KeepsPrecisionWhereTheDenominatorIsThePositive) {
  // Perfect positives, everything else orthogonal, at a small temperature: the loss is 4e-9.
  const int64_t n = 3;
  std::vector<float> axes(9);
  axes[0] = axes[4] = axes[8] = 1;
  const std::vector<int64_t> positive = {0, 1, 2};
  InfoNceProblem p;
  p.q = p.k = axes.data();
  p.n = p.m = p.d = n;
  p.scale = 20;
  p.positive = positive.data();
  std::vector<float> gradient(9);
  const double expected = std::log1p(2 * std::exp(-20.0));
  EXPECT_NEAR(info_nce(p, {gradient.data()}).loss / expected, 1, 1e-5);
  EXPECT_NEAR(gradient[1] / (20.0 / 3 * std::exp(-20.0)), 1, 1e-4);
}

TEST(InfoNceKernel, QueriesWithoutPositivesOrDenominatorsAreLeftOut) {
  Case c(4, 6, 5, 2.0F);
  c.positive = {-1, 2, -1, 3};
  c.give_positive();
  expect_as_loops(c.p, 3e-6);
  c.positive = {-1, -1, -1, -1};
  std::vector<float> q(20, NAN), k(30, NAN);
  const InfoNceValue nobody = info_nce(c.p, {q.data(), k.data()});
  EXPECT_EQ(nobody.loss, 0);
  EXPECT_EQ(nobody.scale_gradient, 0);
  for (const float x : q) EXPECT_EQ(x, 0);
  for (const float x : k) EXPECT_EQ(x, 0);
  Case alone(2, 3, 4, 2.0F);  // decoupled, all keys of one class: no negatives
  alone.query_group = {0, 0}, alone.key_group = {0, 0, 0};
  alone.give_groups(true);
  alone.p.decoupled = true;
  EXPECT_EQ(info_nce(alone.p, {}).loss, 0);
}

TEST(InfoNceKernel, AKeyOfWeightZeroIsNoKey) {
  Case c(5, 8, 6, 3.0F);
  c.positive = {0, 1, 2, 3, 4};
  c.give_positive();
  c.log_weight.assign(8, 0.0F);
  c.log_weight[6] = -INFINITY;
  c.p.key_log_weight = c.log_weight.data();
  const double with = info_nce(c.p, {}).loss;
  std::copy(c.k.begin() + 7 * 6, c.k.end(), c.k.begin() + 6 * 6);
  c.log_weight[6] = 0;
  c.p.m = 7;
  EXPECT_NEAR(with, info_nce(c.p, {}).loss, 1e-6);
}

TEST(InfoNceKernel, IsTheSameToTheBitForAnyNumberOfThreads) {
  for (const float scale : {3.0F, 100.0F}) {
    Case c(450, 2100, 37, scale);
    c.give_positive();
    c.give_groups(true);
    c.give_self();
    const auto run = [&](const ForEach& for_each, std::vector<float>& all) {
      all.assign((450 + 2100) * 37, NAN);
      return info_nce(c.p, {all.data(), all.data() + 450 * 37}, for_each);
    };
    std::vector<float> serial, gradients;
    const InfoNceValue expected = run(serial_for, serial);
    for (const int64_t threads : {2, 3, 4, 16}) {
      const InfoNceValue got = run(
          [&](int64_t count, const std::function<void(int64_t, int64_t)>& body) {
            std::vector<std::thread> workers;
            for (int64_t t = 0; t < threads; ++t) {
              const int64_t begin = count * t / threads, end = count * (t + 1) / threads;
              if (begin < end) workers.emplace_back([&body, begin, end] { body(begin, end); });
            }
            for (auto& worker : workers) worker.join();
          },
          gradients);
      EXPECT_EQ(got.loss, expected.loss);
      EXPECT_EQ(got.scale_gradient, expected.scale_gradient);
      EXPECT_EQ(gradients, serial);
    }
  }
}

TEST(InfoNceKernel, MakesNotANumberVisible) {
  for (const float bad : {NAN, INFINITY}) {
    for (const bool in_keys : {false, true}) {
      Case c(9, 12, 4, 2.0F);
      c.positive = {0, 1, 2, 3, 4, 5, 6, 7, 8};
      c.give_positive();
      (in_keys ? c.k : c.q)[13] = bad;
      std::vector<float> q(36), k(48);
      EXPECT_FALSE(std::isfinite(info_nce(c.p, {q.data(), k.data()}).loss));
      EXPECT_TRUE(std::any_of(q.begin(), q.end(), [](float x) { return !std::isfinite(x); }));
      EXPECT_TRUE(std::any_of(k.begin(), k.end(), [](float x) { return !std::isfinite(x); }));
    }
  }
}

}  // namespace
}  // namespace likewise::kernels::info_nce_test
