#include "likewise/eval/map.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "eval/map_detail.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "likewise/eval/search.hpp"
#include "support/golden.hpp"

namespace likewise {
namespace {

Tensor map_test_normal(uint64_t seed, int64_t n, int64_t d) {
  Tensor x = at::empty({n, d});
  Rng rng(seed);
  rng.fill_normal(x.data_ptr<float>(), n * d);
  return x;
}

// `classes` unit-variance blobs, their centres `distance` from the origin; row i is of class i mod
// classes.
Tensor map_test_blobs(uint64_t seed, int64_t n, int64_t d, int64_t classes, double distance) {
  const Tensor x = map_test_normal(seed, n, d);
  Tensor centres = map_test_normal(seed + 1, classes, d);
  centres = centres / centres.norm(2, {1}, true) * distance;
  for (int64_t i = 0; i < n; ++i) x[i] += centres[i % classes];
  return x;
}

// Share of the 10 nearest neighbours in the map that are of the point's own class.
double map_test_purity(const Tensor& map, int64_t classes) {
  const Tensor indices = top_k_others(map, 10, Metric::kL2).indices;
  const auto view = indices.accessor<int64_t, 2>();
  double same = 0;
  for (int64_t i = 0; i < indices.size(0); ++i) {
    for (int64_t j = 0; j < indices.size(1); ++j) same += view[i][j] % classes == i % classes;
  }
  return same / static_cast<double>(indices.numel());
}

Tensor map_test_golden(const Golden& golden, const std::string& name) {
  const std::vector<double> values = golden.values("pca", name);
  Tensor out = at::empty(golden.shape("pca", name), at::kDouble);
  std::copy(values.begin(), values.end(), out.data_ptr<double>());
  return out;
}

TEST(Pca, AgreesWithScikitLearn) {
  const Golden golden("eval");
  const Tensor x = map_test_golden(golden, "x");
  const Tensor expected = map_test_golden(golden, "projected");
  EXPECT_TRUE(pca(x, 4).allclose(expected, 1e-8, 1e-9));
  EXPECT_TRUE(pca(x.to(at::kFloat), 4).to(at::kDouble).allclose(expected, 1e-3, 1e-3));
  EXPECT_EQ(pca(x.to(at::kFloat), 4).scalar_type(), at::kFloat);
}

TEST(Pca, WideAndTallMatricesAgree) {
  // Twenty columns of zeros change no distance, but make the matrix wider than tall.
  const Tensor x = map_test_normal(3, 15, 10).to(at::kDouble);
  Tensor wide = at::zeros({15, 30}, at::kDouble);
  wide.slice(1, 5, 15).copy_(x);
  EXPECT_TRUE(pca(wide, 6).allclose(pca(x, 6), 1e-9, 1e-9));
}

TEST(Pca, KeepsDistancesWhenNothingIsDropped) {
  const Tensor x = map_test_normal(4, 40, 7).to(at::kDouble);
  const Tensor z = pca(x, 7);
  EXPECT_TRUE((z[3] - z[9]).norm().allclose((x[3] - x[9]).norm(), 1e-10, 0));
  EXPECT_LT(z.mean(0).abs().max().item<double>(), 1e-12);
}

TEST(Pca, RefusesMoreComponentsThanThereAre) {
  EXPECT_THROW(pca(at::ones({3, 8}), 4), UserError);
  EXPECT_THROW(pca(at::ones({3, 8}), 0), UserError);
  EXPECT_THROW(pca(at::ones({3}), 1), UserError);
}

TEST(Tsne, EveryRowMeetsThePerplexity) {
  const Tensor x = map_test_blobs(5, 300, 20, 3, 8.0);
  const Neighbours near = top_k_others(x, 90, Metric::kL2);
  for (double perplexity : {2.0, 30.0, 60.0}) {
    const Tensor p = eval_detail::conditional_affinities(near.scores, perplexity);
    EXPECT_TRUE(p.sum(1).allclose(at::ones({300}, at::kDouble)));
    const Tensor entropy = -(p * (p + 1e-300).log()).sum(1);
    EXPECT_LT((entropy.exp() - perplexity).abs().max().item<double>(), 1e-6) << perplexity;
    // Nearer is likelier.
    EXPECT_GE((p.slice(1, 0, 89) - p.slice(1, 1, 90)).min().item<double>(), -1e-12);
  }
}

TEST(Tsne, AffinitiesOfEqualDistancesAreEqual) {
  const Tensor p = eval_detail::conditional_affinities(at::ones({4, 9}), 3.0);
  EXPECT_TRUE(p.allclose(at::ones({4, 9}, at::kDouble) / 9));
}

// Five points, everyone a neighbour of everyone.
struct SmallCase {
  eval_detail::Affinities p;
  std::vector<eval_detail::Point> y;

  explicit SmallCase(int64_t n) {
    const Neighbours near = top_k_others(map_test_normal(6, n, 4), n - 1, Metric::kL2);
    p = eval_detail::joint_affinities(near.indices,
                                      eval_detail::conditional_affinities(near.scores, 3.0));
    Rng rng(8);
    for (int64_t i = 0; i < n; ++i) y.push_back({rng.normal(), rng.normal()});
  }
};

TEST(Tsne, JointAffinitiesAreSymmetricAndSumToOne) {
  const Neighbours near = top_k_others(map_test_normal(9, 50, 4), 7, Metric::kL2);
  const auto p = eval_detail::joint_affinities(
      near.indices, eval_detail::conditional_affinities(near.scores, 3.0));
  std::vector<std::vector<double>> dense(50, std::vector<double>(50));
  double sum = 0;
  for (size_t i = 0; i < 50; ++i) {
    for (auto e = static_cast<size_t>(p.offsets[i]); e < static_cast<size_t>(p.offsets[i + 1]);
         ++e) {
      dense[i][static_cast<size_t>(p.columns[e])] += p.values[e];
      sum += p.values[e];
    }
  }
  EXPECT_NEAR(sum, 1, 1e-12);
  for (size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(dense[i][i], 0);
    for (size_t j = 0; j < 50; ++j) EXPECT_DOUBLE_EQ(dense[i][j], dense[j][i]);
  }
}

TEST(Tsne, CostIsTheDefinitionsDivergence) {
  const SmallCase c(12);
  std::vector<eval_detail::Point> gradient;
  const double cost = eval_detail::tsne_gradient(c.p, c.y, 0, 1, gradient);
  double z = 0, expected = 0;
  const auto weight = [&](size_t i, size_t j) {
    return 1 / (1 + std::pow(c.y[i].x - c.y[j].x, 2) + std::pow(c.y[i].y - c.y[j].y, 2));
  };
  for (size_t i = 0; i < 12; ++i) {
    for (size_t j = 0; j < 12; ++j) z += i == j ? 0 : weight(i, j);
  }
  for (size_t i = 0; i < 12; ++i) {
    for (auto e = static_cast<size_t>(c.p.offsets[i]); e < static_cast<size_t>(c.p.offsets[i + 1]);
         ++e) {
      const double q = weight(i, static_cast<size_t>(c.p.columns[e])) / z;
      expected += c.p.values[e] * std::log(c.p.values[e] / q);
    }
  }
  EXPECT_NEAR(cost, expected, 1e-12);
}

TEST(Tsne, ExactGradientAgreesWithCentralDifferences) {
  SmallCase c(25);  // more points than a leaf of the tree holds
  std::vector<eval_detail::Point> gradient, unused;
  eval_detail::tsne_gradient(c.p, c.y, 0, 1, gradient);
  const double h = 1e-5;
  for (size_t i = 0; i < c.y.size(); ++i) {
    for (double eval_detail::Point::*axis : {&eval_detail::Point::x, &eval_detail::Point::y}) {
      const double at = c.y[i].*axis;
      c.y[i].*axis = at + h;
      const double above = eval_detail::tsne_gradient(c.p, c.y, 0, 1, unused);
      c.y[i].*axis = at - h;
      const double below = eval_detail::tsne_gradient(c.p, c.y, 0, 1, unused);
      c.y[i].*axis = at;
      EXPECT_NEAR(gradient[i].*axis, (above - below) / (2 * h), 1e-8) << i;
    }
  }
}

TEST(Tsne, TheTreeIsCloseToTheExactGradient) {
  const int64_t n = 2000;
  const Neighbours near = top_k_others(map_test_normal(10, n, 5), 15, Metric::kL2);
  const auto p = eval_detail::joint_affinities(
      near.indices, eval_detail::conditional_affinities(near.scores, 5.0));
  std::vector<eval_detail::Point> y, exact, fast;
  Rng rng(11);
  for (int64_t i = 0; i < n; ++i) y.push_back({20 * rng.normal(), 20 * rng.normal()});
  y[7] = y[8] = y[9];  // the same place
  const double cost = eval_detail::tsne_gradient(p, y, 0, 1, exact);
  const auto error = [&](double theta) {
    EXPECT_NEAR(eval_detail::tsne_gradient(p, y, theta, 1, fast), cost, 0.01 * theta * cost);
    double difference = 0, size = 0;
    for (size_t i = 0; i < y.size(); ++i) {
      difference += std::pow(exact[i].x - fast[i].x, 2) + std::pow(exact[i].y - fast[i].y, 2);
      size += std::pow(exact[i].x, 2) + std::pow(exact[i].y, 2);
    }
    return std::sqrt(difference / size);
  };
  EXPECT_LT(error(0.5), 0.03);
  EXPECT_LT(error(0.2), 0.003);
  EXPECT_GT(error(0.2), 0);  // the tree was used
  EXPECT_EQ(error(0), 0);
}

TEST(Tsne, SeparateBlobsStaySeparate) {
  const Tensor map = tsne(map_test_blobs(12, 600, 64, 6, 10.0));
  EXPECT_EQ(map.sizes(), (at::IntArrayRef{600, 2}));
  EXPECT_EQ(map.scalar_type(), at::kFloat);
  EXPECT_GT(map_test_purity(map, 6), 0.99);
}

TEST(Tsne, DoesNotInventClasses) {
  EXPECT_LT(map_test_purity(tsne(map_test_normal(13, 400, 16)), 4), 0.35);
}

TEST(Tsne, EqualInputGivesEqualMapsForAnyNumberOfThreads) {
  const Tensor x = map_test_blobs(14, 500, 80, 4, 6.0);
  TsneOptions options;
  options.steps = 300;
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Tensor one = tsne(x, options);
  at::set_num_threads(3);
  const Tensor three = tsne(x, options);
  at::set_num_threads(before);
  EXPECT_TRUE(one.equal(three));
}

TEST(Tsne, SmallAndDegenerateInputsGiveFiniteMaps) {
  for (int64_t n : {1, 2, 3, 4, 9}) {
    const Tensor map = tsne(map_test_normal(15, n, 3));
    EXPECT_EQ(map.size(0), n);
    EXPECT_TRUE(map.isfinite().all().item<bool>()) << n;
  }
  EXPECT_TRUE(tsne(at::ones({50, 6})).isfinite().all().item<bool>());
  EXPECT_TRUE(tsne(map_test_normal(16, 30, 1)).isfinite().all().item<bool>());
  Tensor twice = map_test_normal(17, 60, 8);
  twice.slice(0, 30, 60).copy_(twice.slice(0, 0, 30));
  EXPECT_TRUE(tsne(twice).isfinite().all().item<bool>());
  EXPECT_THROW(tsne(at::ones({4, 2}) / 0), UserError);
}

}  // namespace
}  // namespace likewise
