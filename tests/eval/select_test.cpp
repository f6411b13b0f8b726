#include "likewise/eval/select.hpp"

#include <algorithm>
#include <set>

#include "eval/eval_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/eval/kmeans.hpp"

namespace likewise {
namespace {

TEST(KMeans, FromGivenCentresAgreesWithScikitLearn) {
  const Golden golden("eval");
  const KMeansResult got =
      kmeans_from(golden_tensor(golden, "kmeans", "x"), golden_tensor(golden, "kmeans", "initial"));
  EXPECT_TRUE(got.converged);
  EXPECT_EQ(integers(got.labels), golden.integers("kmeans", "labels"));
  expect_near(doubles(got.centres), golden.values("kmeans", "centres"), 1e-9, 1e-10, "centres");
  const double inertia = golden.values("kmeans", "inertia")[0];
  EXPECT_NEAR(got.inertia, inertia, 1e-9 * inertia);
}

TEST(KMeans, FindsTightCloudsAndIsTheSameForAnyNumberOfThreads) {
  const FeatureSet set = clouds(1500, 10, 6, 0.05, 1);
  KMeansOptions options;
  options.clusters = 6;
  options.restarts = 5;
  std::vector<KMeansResult> results;
  for (int n : {1, 3}) {
    const Threads threads(n);
    results.push_back(kmeans(set.x, options));
  }
  EXPECT_TRUE(results[0].labels.equal(results[1].labels));
  EXPECT_TRUE(results[0].centres.equal(results[1].centres));
  std::set<std::pair<int64_t, int64_t>> pairs;
  for (int64_t i = 0; i < 1500; ++i) {
    pairs.insert({i % 6, results[0].labels.data_ptr<int64_t>()[i]});
  }
  EXPECT_EQ(pairs.size(), 6u);
}

TEST(KMeans, FillsEmptyClustersAndBearsCopies) {
  const Tensor x = tensor_of({0, 0.1, 10, 10.1}, {4, 1});
  const KMeansResult moved = kmeans_from(x, tensor_of({5, 1000}, {2, 1}));
  EXPECT_NEAR(moved.inertia, 0.01, 1e-6);
  KMeansOptions options;
  options.clusters = 9;
  const KMeansResult copies = kmeans(normal_table(1, 4, 1).repeat({5, 1}), options);
  EXPECT_EQ(copies.centres.size(0), 5);
  EXPECT_NEAR(copies.inertia, 0, 1e-12);
}

// Four directions far apart with 100, 60, 40 and 20 rows: sizes decide the order.
FeatureSet uneven() {
  FeatureSet set;
  set.x = normal_table(220, 8, 3).mul(0.05);
  std::vector<int64_t> labels;
  for (int64_t c = 0, row = 0; c < 4; ++c) {
    for (int64_t i = 0; i < std::vector<int64_t>{100, 60, 40, 20}[static_cast<size_t>(c)]; ++i) {
      set.x.data_ptr<float>()[row++ * 8 + c] += 1;
      labels.push_back(c);
    }
  }
  set.y = labels_of(labels);
  return set;
}

std::vector<int64_t> classes_of(const FeatureSet& set, const std::vector<int64_t>& rows) {
  std::vector<int64_t> out;
  for (int64_t row : rows) out.push_back(set.y.data_ptr<int64_t>()[row]);
  return out;
}

TEST(Suggest, TypicalTakesTheMiddleOfEveryGroupLargestFirst) {
  const FeatureSet set = uneven();
  SelectOptions options;
  options.count = 4;
  const Suggestion got = suggest(set.x, {}, options);
  EXPECT_EQ(classes_of(set, got.rows), (std::vector<int64_t>{0, 1, 2, 3}));
  // Typical: nearer to the group's direction than most of the group.
  for (size_t i = 0; i < 4; ++i) {
    const auto c = static_cast<int64_t>(i);
    const auto off_axis = [&](int64_t row) {
      double sum = 0;
      for (int64_t j = 0; j < 8; ++j) {
        const double v = set.x.data_ptr<float>()[row * 8 + j];
        if (j != c) sum += v * v;
      }
      return sum;
    };
    int64_t worse = 0, size = 0;
    for (int64_t row = 0; row < 220; ++row) {
      if (set.y.data_ptr<int64_t>()[row] != c) continue;
      ++size;
      worse += off_axis(row) > off_axis(got.rows[i]);
    }
    EXPECT_GT(worse, size * 7 / 10) << "group " << c;
  }
}

TEST(Suggest, TypicalGoesFirstWhereThereIsNoLabel) {
  const FeatureSet set = uneven();
  SelectOptions options;
  options.count = 2;
  const Suggestion got = suggest(set.x, {0, 110}, options);  // groups 0 and 1 have a label
  EXPECT_EQ(classes_of(set, got.rows), (std::vector<int64_t>{2, 3}));
}

TEST(Suggest, CoverTakesTheFarthestRowEachTime) {
  const FeatureSet set = uneven();
  SelectOptions options;
  options.strategy = "cover";
  options.count = 3;
  const Suggestion got = suggest(set.x, {5}, options);
  auto classes = classes_of(set, got.rows);
  std::sort(classes.begin(), classes.end());
  EXPECT_EQ(classes, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_GE(got.scores[0], got.scores[1]);
  EXPECT_GE(got.scores[1], got.scores[2]);
}

TEST(Suggest, NeverRepeatsARowAndStopsAtTheLast) {
  const Tensor x = normal_table(3, 4, 5).repeat({4, 1});  // copies of three rows
  for (const std::string strategy : {"typical", "cover"}) {
    SelectOptions options;
    options.strategy = strategy;
    options.count = 50;
    const Suggestion got = suggest(x, {2, 7, 7}, options);
    std::set<int64_t> rows(got.rows.begin(), got.rows.end());
    EXPECT_EQ(got.rows.size(), 10u) << strategy;
    EXPECT_EQ(rows.size(), 10u) << strategy;
    EXPECT_FALSE(rows.contains(2) || rows.contains(7)) << strategy;
    EXPECT_THROW(suggest(x, {12}, options), UserError);
  }
  SelectOptions options;
  options.strategy = "random";
  EXPECT_THROW(suggest(x, {}, options), UserError);
}

}  // namespace
}  // namespace likewise
