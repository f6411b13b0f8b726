#include "likewise/losses/triplet.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/losses/n_pair.hpp"
#include "losses/loss_support.hpp"

namespace likewise {
namespace {

using namespace likewise::loss_tests;

TripletOptions options_of(const nlohmann::json& o) {
  TripletOptions out;
  out.mining = o.at("mining");
  out.margin = o.at("loss_margin");
  out.soft = o.at("smooth");
  out.squared = o.at("power") == 2;
  out.normalize = o.at("normalize");
  out.mean_of_all = o.at("reduction") == "mean";
  return out;
}

TEST(Triplet, AgreesWithGoldenValues) {
  const Golden file("losses");
  for (const std::string name :
       {"triplet_all", "triplet_all_mean", "triplet_semihard", "triplet_semihard_squared",
        "triplet_batch_hard", "triplet_soft_margin", "triplet_raw"}) {
    const Tensor labels = golden(file, name, "labels");
    const TripletOptions o = options_of(file.entry(name).at("options"));
    expect_golden(file, name, {"z"},
                  [&](const std::vector<Tensor>& x) { return triplet(x[0], labels, o); });
  }
}

TEST(TripletHinge, AgreesWithGoldenValues) {
  const Golden file("losses");
  // torch adds 1e-6 to every coordinate of a difference: that is below what is compared here.
  const auto loss = [&](bool squared, double margin) {
    return [=](const std::vector<Tensor>& x) {
      const auto unit = [&](const Tensor& t) { return squared ? t / t.norm(2, {1}, true) : t; };
      return triplet_hinge(unit(x[0]), unit(x[1]), unit(x[2]), margin, squared);
    };
  };
  expect_golden(file, "triplet_hinge_squared", {"anchor", "positive", "negative"}, loss(true, 0.2));
  const auto got = evaluate(loss(false, 1), {golden(file, "triplet_hinge_1", "anchor"),
                                             golden(file, "triplet_hinge_1", "positive"),
                                             golden(file, "triplet_hinge_1", "negative")});
  EXPECT_NEAR(got.value, golden(file, "triplet_hinge_1", "out").item<double>(), 1e-5);
  EXPECT_LT(difference(got.gradients[0], golden(file, "triplet_hinge_1", "grad_anchor")), 1e-5);
}

// The definition of each mining by three loops over a batch.
double brute_force(const Tensor& x, const std::vector<int64_t>& label, const TripletOptions& o) {
  const int64_t n = x.size(0);
  const auto d = [&](int64_t i, int64_t j) {
    const double square = (x[i] - x[j]).pow(2).sum().item<double>();
    return o.squared ? square : std::sqrt(square);
  };
  double sum = 0;
  int64_t all = 0, active = 0;
  const auto add = [&](double gap) {
    const double value = std::max(0.0, gap + o.margin);
    sum += value;
    ++all;
    active += value > 0;
  };
  for (int64_t a = 0; a < n; ++a) {
    double far = -1, near = 1e30;
    for (int64_t j = 0; j < n; ++j) {
      if (j == a) continue;
      if (label[a] == label[j]) far = std::max(far, d(a, j));
      if (label[a] != label[j]) near = std::min(near, d(a, j));
    }
    if (o.mining == "batch_hard") {
      if (far >= 0 && near < 1e30) add(far - near);
      continue;
    }
    for (int64_t p = 0; p < n; ++p) {
      if (p == a || label[p] != label[a]) continue;
      double chosen = 1e30, farthest = -1;
      for (int64_t k = 0; k < n; ++k) {
        if (label[k] == label[a]) continue;
        const double gap = d(a, p) - d(a, k);
        if (o.mining == "all") add(gap);
        if (o.mining == "semihard" && -gap > 0 && -gap <= o.margin) add(gap);
        if (d(a, k) > d(a, p)) chosen = std::min(chosen, d(a, k));
        farthest = std::max(farthest, d(a, k));
      }
      if (o.mining == "facenet" && farthest >= 0) {
        add(d(a, p) - (chosen < 1e30 ? chosen : farthest));
      }
    }
  }
  return active == 0 ? 0 : sum / static_cast<double>(o.mean_of_all ? all : active);
}

TEST(Triplet, MiningAgreesWithBruteForceOnManyBatches) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Tensor z = normal({9, 3}, 100 + seed), x = z / z.norm(2, {1}, true);
    std::vector<int64_t> label;
    Rng rng(seed);
    for (int i = 0; i < 9; ++i) label.push_back(rng.below(3));
    for (const char* mining : {"all", "batch_hard", "semihard", "facenet"}) {
      for (const bool flag : {false, true}) {
        TripletOptions o;
        o.mining = mining;
        o.squared = flag;
        o.mean_of_all = !flag;
        EXPECT_NEAR(triplet(z, at::tensor(label, at::kLong), o).item<double>(),
                    brute_force(x, label, o), 1e-10)
            << mining << " " << seed;
      }
    }
  }
}

TEST(Triplet, OfEqualEmbeddingsIsTheMarginWithoutGradientTrouble) {
  for (const char* mining : {"all", "batch_hard", "facenet"}) {
    for (const bool squared : {false, true}) {
      TripletOptions o;
      o.mining = mining;
      o.squared = squared;
      const auto got = evaluate(
          [&](const std::vector<Tensor>& x) {
            return triplet(x[0], at::tensor(std::vector<int64_t>{0, 0, 1, 1}, at::kLong), o);
          },
          {at::ones({4, 3}, at::kDouble)});
      EXPECT_NEAR(got.value, o.margin, 1e-7);
      EXPECT_TRUE(got.gradients[0].isfinite().all().item<bool>());
    }
  }
}

TEST(Triplet, WithoutPositivesOrNegativesIsZero) {
  for (const char* mining : {"all", "batch_hard", "semihard", "facenet"}) {
    TripletOptions o;
    o.mining = mining;
    for (const auto& label : {std::vector<int64_t>{0, 1, 2}, {0, 0, 0}, {-1, -1, -1}}) {
      const auto got = evaluate(
          [&](const std::vector<Tensor>& x) {
            return triplet(x[0], at::tensor(label, at::kLong), o);
          },
          {normal({3, 4}, 1)});
      EXPECT_EQ(got.value, 0) << mining;
    }
  }
}

TEST(ContrastiveMargin, AgreesWithGoldenValuesAndDifferences) {
  const Golden file("losses");
  const Tensor labels = golden(file, "contrastive_margin_hadsell", "labels");
  ContrastiveMarginOptions o;
  o.normalize = false;
  const Loss loss = [&](const std::vector<Tensor>& x) {
    return contrastive_margin(x[0], labels, o);
  };
  expect_golden(file, "contrastive_margin_hadsell", {"z"}, loss);
  o.normalize = true;
  expect_gradients(loss, {golden(file, "contrastive_margin_hadsell", "z")});
}

TEST(NPair, AgreesWithGoldenValues) {
  const Golden file("losses");
  expect_golden(file, "n_pairs_pml_default", {"anchor", "positive"},
                [](const std::vector<Tensor>& x) {
                  return n_pair(x[0], x[1], {.l2_weight = 0, .normalize = true});
                });
  expect_golden(file, "n_pairs_paper", {"anchor", "positive"}, [](const std::vector<Tensor>& x) {
    return n_pair(x[0], x[1], {.l2_weight = 0.02});
  });
}

TEST(NPair, OfTwoPairsIsASoftplus) {
  const Tensor a = normal({2, 4}, 1), p = normal({2, 4}, 2);
  const auto dot = [&](int i, int j) { return (a[i] * p[j]).sum().item<double>(); };
  const double want =
      (std::log1p(std::exp(dot(0, 1) - dot(0, 0))) + std::log1p(std::exp(dot(1, 0) - dot(1, 1)))) /
      2;
  EXPECT_NEAR(n_pair(a, p, {.l2_weight = 0}).item<double>(), want, 1e-12);
}

// The definition with whole matrices and autograd.
Tensor plain_triplet(const Tensor& z, const Tensor& labels, const TripletOptions& o) {
  const Tensor x = z / z.norm(2, {1}, true), length = x.pow(2).sum(1);
  const Tensor square = length.unsqueeze(1) + length.unsqueeze(0) - 2 * x.matmul(x.t());
  const Tensor d = o.squared ? square : (square.clamp_min(0) + 1e-30).sqrt();
  const Tensor same = labels.unsqueeze(1) == labels.unsqueeze(0);
  const Tensor positive = same.clone().fill_diagonal_(false);
  Tensor gap, chosen;
  if (o.mining == "batch_hard") {
    gap = std::get<0>(d.masked_fill(positive.logical_not(), -1e9).max(1)) -
          std::get<0>(d.masked_fill(same, 1e9).min(1));
    chosen = gap > -1e8;
  } else {
    const Tensor a = positive.nonzero().select(1, 0);
    gap = d.masked_select(positive).unsqueeze(1) - d.index_select(0, a);
    chosen = same.logical_not().index_select(0, a);
    if (o.mining == "semihard") chosen = chosen.logical_and(gap < 0).logical_and(gap >= -o.margin);
  }
  const Tensor each = (o.soft ? (1 + gap.exp()).log() : (gap + o.margin).clamp_min(0)) * chosen;
  return each.sum() / (o.soft || o.mean_of_all ? chosen : each > 0).sum();
}

TEST(Triplet, TilesAndTheirGradientAreThoseOfTheWholeMatrix) {
  const int64_t n = 700;  // two tiles
  const Tensor labels = at::arange(n, at::kLong).remainder(175), z = normal({n, 5}, 3);
  for (const char* mining : {"batch_hard", "semihard", "all"}) {
    for (const bool flag : {false, true}) {
      TripletOptions o;
      o.mining = mining;
      o.squared = flag;
      o.soft = !flag;
      const auto got =
          evaluate([&](const std::vector<Tensor>& x) { return triplet(x[0], labels, o); }, {z});
      const auto want = evaluate(
          [&](const std::vector<Tensor>& x) { return plain_triplet(x[0], labels, o); }, {z});
      EXPECT_NEAR(got.value, want.value, 1e-9) << mining << flag;
      EXPECT_LT(difference(got.gradients[0], want.gradients[0]), 1e-9) << mining << flag;
    }
  }
}

TEST(Triplet, GradientsAreThoseOfCentralDifferences) {
  const Tensor labels = at::tensor(std::vector<int64_t>{0, 0, 1, 1, 2, 2, 0, -1}, at::kLong);
  for (const char* mining : {"batch_hard", "semihard", "facenet", "all"}) {
    for (const bool flag : {false, true}) {
      TripletOptions o;
      o.mining = mining;
      o.squared = o.normalize = flag;
      o.margin = 0.5;
      expect_gradients([&](const std::vector<Tensor>& x) { return triplet(x[0], labels, o); },
                       {normal({8, 4}, 21)}, 1e-6, 1e-5);
    }
  }
  // Across tiles.
  const Tensor many = at::arange(700, at::kLong).remainder(9);
  expect_gradients([&](const std::vector<Tensor>& x) { return contrastive_margin(x[0], many, {}); },
                   {normal({700, 4}, 22)}, 1e-6, 1e-5);
}

}  // namespace
}  // namespace likewise
