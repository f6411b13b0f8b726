#include <algorithm>
#include <numeric>

#include "eval/eval_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/eval/duplicates.hpp"
#include "likewise/eval/knn.hpp"
#include "likewise/eval/novelty.hpp"
#include "likewise/eval/scores.hpp"
#include "likewise/eval/search.hpp"

namespace likewise {
namespace {

// All pairs in double, sorted whole: (score, lower index).
std::vector<int64_t> slow_neighbours(const Tensor& q, const Tensor& b, int64_t row, Metric metric,
                                     int64_t skip = -1) {
  const int64_t n = b.size(0), d = b.size(1);
  std::vector<double> score(static_cast<size_t>(n));
  const float* x = q.data_ptr<float>() + row * d;
  for (int64_t i = 0; i < n; ++i) {
    const float* y = b.data_ptr<float>() + i * d;
    double dot = 0, xx = 0, yy = 0, distance = 0;
    for (int64_t j = 0; j < d; ++j) {
      dot += double{x[j]} * y[j], xx += double{x[j]} * x[j], yy += double{y[j]} * y[j];
      distance += (double{x[j]} - y[j]) * (double{x[j]} - y[j]);
    }
    score[static_cast<size_t>(i)] = metric == Metric::kCosine         ? dot / std::sqrt(xx * yy)
                                    : metric == Metric::kInnerProduct ? dot
                                                                      : -distance;
  }
  std::vector<int64_t> order(score.size());
  std::iota(order.begin(), order.end(), 0);
  if (skip >= 0) order.erase(order.begin() + skip);
  std::stable_sort(order.begin(), order.end(), [&](int64_t u, int64_t v) {
    return score[static_cast<size_t>(u)] > score[static_cast<size_t>(v)];
  });
  return order;
}

std::vector<int64_t> row_of(const Tensor& indices, int64_t row) {
  return integers(indices.select(0, row));
}

TEST(TopK, AgreesWithFaissFlatIndexes) {
  const Golden golden("eval");
  for (const auto& [name, metric] : {std::pair{"faiss_flat_inner_product", Metric::kInnerProduct},
                                     std::pair{"faiss_flat_l2", Metric::kL2}}) {
    const Neighbours near =
        top_k(golden_tensor(golden, name, "query"), golden_tensor(golden, name, "x"), 5, metric);
    EXPECT_EQ(integers(near.indices), golden.integers(name, "indices")) << name;
    expect_near(doubles(near.scores), golden.values(name, "values"), 1e-5, 1e-5, name);
  }
}

TEST(TopK, AgreesWithSortingAllPairsOverTileBorders) {
  // More rows than one base tile and more queries than one query tile, with tails.
  const Tensor base = normal_table(4096 + 37, 19, 1), queries = normal_table(131, 19, 2);
  for (Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2}) {
    const Neighbours near = top_k(queries, base, 50, metric);
    for (int64_t row : {0, 127, 128, 130}) {
      auto want = slow_neighbours(queries, base, row, metric);
      want.resize(50);
      EXPECT_EQ(row_of(near.indices, row), want) << "row " << row;
    }
  }
}

TEST(TopK, GivesTiesToTheLowerIndexWhereverTheCopiesStand) {
  Tensor base = normal_table(9000, 33, 3);
  const std::vector<int64_t> copies = {5, 17, 4095, 4096, 4099, 8191, 8999};
  for (int64_t row : copies) base.select(0, row).copy_(base.select(0, 5));
  const Neighbours near = top_k(base.slice(0, 5, 6), base, 9);
  auto got = row_of(near.indices, 0);
  got.resize(copies.size());
  EXPECT_EQ(got, copies);
}

TEST(TopK, SurvivesACollapseInWhichAllRowsTie) {
  Tensor base = normal_table(1, 8, 4).repeat({10000, 1});
  const auto got = row_of(top_k(base.slice(0, 0, 1), base, 3).indices, 0);
  EXPECT_EQ(got, (std::vector<int64_t>{0, 1, 2}));
}

TEST(TopK, LeavesARowOutOfItsOwnNeighbours) {
  const Tensor x = normal_table(300, 7, 5);
  const Neighbours near = top_k_others(x, 4, Metric::kL2);
  for (int64_t row : {0, 150, 299}) {
    auto want = slow_neighbours(x, x, row, Metric::kL2, row);
    want.resize(4);
    EXPECT_EQ(row_of(near.indices, row), want);
  }
  EXPECT_EQ(top_k_others(x.slice(0, 0, 3), 10).indices.size(1), 2);
}

TEST(TopK, RefusesWhatIsNotFiniteOrDoesNotFit) {
  Tensor x = normal_table(5, 3, 6);
  EXPECT_THROW(top_k(x, normal_table(5, 4, 6), 1), UserError);
  EXPECT_THROW(top_k(x, x, 0), UserError);
  x.data_ptr<float>()[7] = NAN;
  try {
    top_k(x, x, 1);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("row 2 of 5"), std::string::npos) << error.what();
  }
}

TEST(Knn, AgreesWithLightly) {
  const Golden golden("eval");
  for (const std::string name : {"knn_weighted_1", "knn_weighted_2"}) {
    const auto& how = golden.entry(name).at("options");
    KnnOptions options;
    options.k = how.at("k");
    options.temperature = how.at("temperature");
    const Tensor bank = golden_tensor(golden, name, "bank");
    const Tensor query = golden_tensor(golden, name, "query");
    const Tensor labels = labels_of(golden.integers(name, "bank_labels"));
    const Tensor scores = knn_scores(bank, labels, query, options, how.at("classes"));
    expect_near(doubles(scores), golden.values(name, "scores"), 1e-4, 1e-3, name);
    const Tensor predicted = knn_predict(bank, labels, query, options);
    EXPECT_EQ(integers(predicted), golden.integers(name, "prediction")) << name;
    EXPECT_EQ(integers(top_k(query, bank, options.k).indices), golden.integers(name, "neighbours"));
    EXPECT_NEAR(accuracy(labels_of(golden.integers(name, "query_labels")), predicted),
                golden.values(name, "accuracy")[0], 1e-12);
  }
}

TEST(Knn, IgnoresRowsWithoutALabel) {
  FeatureSet train = clouds(60, 8, 3, 0.1, 1);
  const FeatureSet test = clouds(30, 8, 3, 0.1, 1, 1);
  EXPECT_EQ(knn_accuracy(train, test), 1.0);
  // Unlabelled copies of the queries would win every vote if they had one.
  for (int64_t i = 0; i < 30; ++i) {
    train.x.select(0, i).copy_(test.x.select(0, i));
    train.y.data_ptr<int64_t>()[i] = -1;
  }
  EXPECT_EQ(knn_accuracy(train, test), 1.0);
  train.y.fill_(-1);
  EXPECT_THROW(knn_accuracy(train, test), UserError);
}

TEST(NearDuplicates, LinksChainsAcrossTilesAndNothingElse) {
  Tensor x = normal_table(5000, 64, 7);
  const auto near_copy = [&](int64_t to, int64_t from, float shift) {
    x.select(0, to).copy_(x.select(0, from));
    x.select(0, to).data_ptr<float>()[0] += shift;
  };
  near_copy(4999, 3, 0.1F);
  near_copy(256, 4999, 0.1F);
  near_copy(4000, 700, 0.0F);
  x.select(0, 4000).mul_(3);  // length does not matter
  const std::vector<std::vector<int64_t>> want = {{3, 256, 4999}, {700, 4000}};
  EXPECT_EQ(near_duplicates(x, 0.99), want);
  const std::vector<std::vector<int64_t>> exact = {{700, 4000}};
  EXPECT_EQ(near_duplicates(x, 1.0), exact);
  EXPECT_THROW(near_duplicates(x, 1.5), UserError);
}

TEST(Novelty, IsUniformOnRowsOfTheSameKindAndOneOnForeignOnes) {
  // Clouds away from the origin, so that a direction can be foreign.
  const FeatureSet train = clouds(2000, 16, 4, 0.3, 8), same = clouds(2000, 16, 4, 0.3, 8, 1);
  const NoveltyModel model = fit_novelty(train.x);
  const auto scores = doubles(model.score(same.x));
  for (double part : {0.1, 0.5, 0.9, 0.99}) {
    const auto below =
        std::count_if(scores.begin(), scores.end(), [&](double s) { return s < part; });
    EXPECT_NEAR(static_cast<double>(below) / 2000.0, part, 0.04) << part;
  }
  for (double s : doubles(model.score(train.x.neg()))) EXPECT_GT(s, 0.99);
  for (double s : doubles(model.score(train.x))) EXPECT_LT(s, 1e-3);
  EXPECT_THROW(fit_novelty(train.x.slice(0, 0, 1)), UserError);
}

TEST(Neighbours, AreTheSameForAnyNumberOfThreads) {
  const Tensor base = normal_table(5000, 40, 9), queries = normal_table(400, 40, 10);
  Neighbours one, two;
  {
    const Threads threads(1);
    one = top_k(queries, base, 30);
  }
  {
    const Threads threads(3);
    two = top_k(queries, base, 30);
  }
  EXPECT_TRUE(one.indices.equal(two.indices));
  EXPECT_TRUE(one.scores.equal(two.scores));
}

}  // namespace
}  // namespace likewise
