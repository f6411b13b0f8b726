#include "likewise/losses/similarity_lse.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "likewise/losses/nt_xent.hpp"
#include "losses/loss_support.hpp"

namespace likewise {
namespace {

using namespace likewise::loss_tests;
using Keep = KeyMask::Keep;

Tensor ids(int64_t n, int64_t groups, uint64_t seed) {
  std::vector<int64_t> out;
  Rng rng(seed);
  for (int64_t i = 0; i < n; ++i) out.push_back(rng.below(groups + 1) - 1);  // -1 too
  return at::tensor(out, at::kLong);
}

// The definition, number by number.
std::vector<double> loops(const Tensor& q, const Tensor& k, double scale, const KeyMask& mask) {
  std::vector<double> out;
  for (int64_t i = 0; i < q.size(0); ++i) {
    double sum = 0;
    for (int64_t j = 0; j < k.size(0); ++j) {
      const auto id = [](const Tensor& t, int64_t at) { return t[at].item<int64_t>(); };
      if (mask.query_index.defined() && id(mask.query_index, i) == id(mask.key_index, j)) continue;
      if (mask.keep != Keep::kAll) {
        const int64_t a = id(mask.query_group, i), b = id(mask.key_group, j);
        const bool same = a == b && a >= 0;
        if (same != (mask.keep == Keep::kSame)) continue;
      }
      sum += std::exp(scale * (q[i] * k[j]).sum().item<double>());
    }
    out.push_back(std::log(sum));
  }
  return out;
}

KeyMask mask_of(int kind, int64_t n, int64_t m) {
  KeyMask mask;
  if (kind & 1) {
    mask.query_index = at::arange(n, at::kLong);
    mask.key_index = at::arange(m, at::kLong);
  }
  if (kind >= 2) {
    mask.query_group = ids(n, 3, 5);
    mask.key_group = ids(m, 3, 6);
    mask.keep = kind >= 4 ? Keep::kSame : Keep::kOther;
  }
  return mask;
}

TEST(SimilarityLse, AgreesWithLoopsForEveryMask) {
  const Tensor q = normal({7, 5}, 1), k = normal({11, 5}, 2);
  for (int kind = 0; kind < 6; ++kind) {
    const KeyMask mask = mask_of(kind, 7, 11);
    const auto want = loops(q, k, 1.7, mask);
    const Tensor got = similarity_lse(q, k, scalar_like(1.7, q), mask);
    const Tensor plain = similarity_lse_plain(q, k, scalar_like(1.7, q), mask);
    for (int64_t i = 0; i < 7; ++i) {
      const double w = want[static_cast<size_t>(i)];
      if (std::isinf(w)) {
        EXPECT_EQ(got[i].item<double>(), w);
        EXPECT_EQ(plain[i].item<double>(), w);
      } else {
        EXPECT_NEAR(got[i].item<double>(), w, 1e-12) << kind;
        EXPECT_NEAR(plain[i].item<double>(), w, 1e-12) << kind;
      }
    }
  }
}

TEST(SimilarityLse, GradientsEqualThoseOfThePlainFormAcrossTiles) {
  // 2,000 keys make tiles of 524 rows: three of them, the last one short.
  const int64_t n = 1100, m = 2000;
  const Tensor q = normal({n, 8}, 1), k = normal({m, 8}, 2), weight = normal({n}, 3);
  for (const int kind : {0, 3}) {
    const KeyMask mask = mask_of(kind, n, m);
    const auto run = [&](auto function) {
      return evaluate(
          [&](const std::vector<Tensor>& x) {
            return (function(x[0], x[1], x[2], mask) * weight).sum();
          },
          {q, k, at::full({}, 0.8, at::kDouble)});
    };
    const auto tiled = run(similarity_lse), plain = run(similarity_lse_plain);
    EXPECT_NEAR(tiled.value, plain.value, 1e-9);
    for (int i = 0; i < 3; ++i)
      EXPECT_LT(difference(tiled.gradients[i], plain.gradients[i]), 1e-10);
  }
}

TEST(SimilarityLse, ARowWithoutKeysHasNoGradient) {
  KeyMask mask;
  mask.query_group = at::tensor(std::vector<int64_t>{0, 1}, at::kLong);
  mask.key_group = at::tensor(std::vector<int64_t>{1, 1, 1}, at::kLong);
  mask.keep = Keep::kSame;
  const auto got = evaluate(
      [&](const std::vector<Tensor>& x) {
        return positive_against(at::zeros({2}, at::kDouble),
                                similarity_lse(x[0], x[1], scalar_like(1, x[0]), mask));
      },
      {normal({2, 4}, 1), normal({3, 4}, 2)});
  EXPECT_TRUE(std::isfinite(got.value));
  EXPECT_EQ(got.gradients[0][0].abs().sum().item<double>(), 0);
  EXPECT_GT(got.gradients[0][1].abs().sum().item<double>(), 0);
  EXPECT_TRUE(got.gradients[1].isfinite().all().item<bool>());
}

TEST(SimilarityLse, IsSafeAtSmallTemperatures) {
  const Tensor q = unit_rows(normal({6, 4}, 1, at::kFloat));
  const Tensor got = similarity_lse(q, q, scalar_like(1000, q));
  for (int64_t i = 0; i < 6; ++i) EXPECT_NEAR(got[i].item<double>(), 1000, 1e-2);
}

TEST(SimilarityLse, IsTheSameForAnyNumberOfThreads) {
  const Tensor q = normal({700, 16}, 1, at::kFloat), k = normal({3000, 16}, 2, at::kFloat);
  const int before = at::get_num_threads();
  std::vector<Tensor> results;
  for (const int threads : {1, 2, 4}) {
    at::set_num_threads(threads);
    const auto got = evaluate(
        [](const std::vector<Tensor>& x) {
          return similarity_lse(x[0], x[1], scalar_like(0.5, x[0])).sum();
        },
        {q, k});
    results.push_back(got.gradients[0]);
  }
  at::set_num_threads(before);
  EXPECT_LT(difference(results[0], results[1]), 1e-5);
  EXPECT_LT(difference(results[0], results[2]), 1e-5);
}

TEST(SimilarityLse, MakesNtXent) {
  const Tensor z0 = normal({9, 6}, 1), z1 = normal({9, 6}, 2);
  const auto composed = [](const std::vector<Tensor>& z) {
    const Tensor x = at::cat({unit_rows(z[0]), unit_rows(z[1])});
    KeyMask mask;
    mask.query_index = mask.key_index = at::arange(18, at::kLong);
    const Tensor all = similarity_lse(x, x, scalar_like(5, x), mask);
    return (all - 5 * (x * x.roll(9, 0)).sum(1)).mean();
  };
  const auto a = evaluate(composed, {z0, z1});
  const auto b = evaluate(
      [](const std::vector<Tensor>& z) { return nt_xent(z[0], z[1], {.temperature = 0.2}); },
      {z0, z1});
  EXPECT_NEAR(a.value, b.value, 1e-12);
  EXPECT_LT(difference(a.gradients[0], b.gradients[0]), 1e-12);
}

TEST(SimilarityLse, OfGroupsInAnyOrderAndSeveralScalesIsThatOfThePlainForm) {
  const Tensor q = normal({300, 6}, 1), k = normal({260, 6}, 2);
  KeyMask mask;
  std::vector<int64_t> of_q, of_k;
  Rng rng(4);
  for (int i = 0; i < 300; ++i) of_q.push_back(static_cast<int64_t>(rng.below(40)) - 2);
  for (int i = 0; i < 260; ++i) of_k.push_back(static_cast<int64_t>(rng.below(40)) - 2);
  mask.query_group = at::tensor(of_q, at::kLong);
  mask.key_group = at::tensor(of_k, at::kLong);
  const std::vector<double> scales = {0.5, 3};
  for (const Keep keep : {Keep::kAll, Keep::kSame, Keep::kOther}) {
    mask.keep = keep;
    const auto finite = [](const Tensor& r) {
      return r.masked_fill(r.isfinite().logical_not(), 0).sin().sum();
    };
    const auto got = evaluate(
        [&](const std::vector<Tensor>& x) {
          return finite(similarity_lses(x[0], x[1], at::tensor(scales, at::kDouble), mask));
        },
        {q, k});
    const auto want = evaluate(
        [&](const std::vector<Tensor>& x) {
          return finite(similarity_lse_plain(x[0], x[1], scalar_like(0.5, x[0]), mask)) +
                 finite(similarity_lse_plain(x[0], x[1], scalar_like(3, x[0]), mask));
        },
        {q, k});
    EXPECT_NEAR(got.value, want.value, 1e-9);
    for (size_t i = 0; i < 2; ++i) {
      const Tensor expected =
          want.gradients[i].masked_fill(want.gradients[i].isfinite().logical_not(), 0);
      EXPECT_LT(difference(got.gradients[i], expected), 1e-9);
    }
  }
}

}  // namespace
}  // namespace likewise
