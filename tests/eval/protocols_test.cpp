#include "eval/eval_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/options.hpp"
#include "likewise/eval/episodes.hpp"
#include "likewise/eval/few_label.hpp"
#include "likewise/eval/labels.hpp"
#include "likewise/eval/linear_probe.hpp"
#include "likewise/eval/scores.hpp"

namespace likewise {
namespace {

TEST(StratifiedSplit, HoldsOutItsShareOfEveryClassAndKeepsOneToFit) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < 100; ++i) labels.push_back(0);
  for (int64_t i = 0; i < 10; ++i) labels.push_back(1);
  labels.insert(labels.end(), {2, 2, 3, -1});
  const Tensor y = labels_of(labels);
  const RowSplit split = stratified_rows(y, 0.2, 1);
  std::vector<int64_t> held(4), fit(4);
  for (int64_t row : split.held_out) ++held[static_cast<size_t>(labels[static_cast<size_t>(row)])];
  for (int64_t row : split.fit) ++fit[static_cast<size_t>(labels[static_cast<size_t>(row)])];
  EXPECT_EQ(held, (std::vector<int64_t>{20, 2, 1, 0}));
  EXPECT_EQ(fit, (std::vector<int64_t>{80, 8, 1, 1}));
  EXPECT_EQ(stratified_rows(y, 0.2, 1).held_out, split.held_out);
  EXPECT_NE(stratified_rows(y, 0.2, 2).held_out, split.held_out);
}

TEST(LinearProbe, ChoosesItsPenaltyOnHeldOutTrainingLabels) {
  // Few rows, many dimensions of noise: a weak penalty overfits.
  const FeatureSet train = clouds(120, 60, 3, 4.0, 5), test = clouds(3000, 60, 3, 4.0, 5, 1);
  const LinearProbe probe = fit_linear_probe(train);
  ASSERT_EQ(probe.trials.size(), 8u);
  double best = 0;
  for (const PenaltyTrial& trial : probe.trials) best = std::max(best, trial.accuracy);
  for (const PenaltyTrial& trial : probe.trials) {
    if (trial.penalty == probe.penalty) {
      EXPECT_EQ(trial.accuracy, best);
    }
  }
  EXPECT_GT(probe.trials.front().penalty, probe.trials.back().penalty);
  LogisticOptions weak;
  weak.penalty = 1e-6;
  const LinearModel overfitted = fit_logistic(train.x, train.y, 3, weak).model;
  EXPECT_GE(probe_accuracy(probe, test), accuracy(test.y, overfitted.predict(test.x)) - 0.01);
  EXPECT_GT(probe_accuracy(probe, test), 0.65);  // chance is a third
}

TEST(LinearProbe, SaysSoWhereNoLabelCanBeHeldOut) {
  const FeatureSet train = clouds(3, 8, 3, 0.1, 6), test = clouds(30, 8, 3, 0.1, 6, 1);
  const LinearProbe probe = fit_linear_probe(train);
  EXPECT_EQ(probe.penalty, 1e-2);
  EXPECT_NE(probe.note.find("held out"), std::string::npos);
  EXPECT_EQ(probe_accuracy(probe, test), 1.0);
}

TEST(LinearProbe, BySgdComesNearTheMinimum) {
  const FeatureSet train = clouds(2000, 16, 4, 2.0, 7), test = clouds(2000, 16, 4, 2.0, 7, 1);
  LinearProbeOptions options;
  options.protocol = "sgd";
  options.epochs = 20;
  const LinearProbe sgd = fit_linear_probe(train, options);
  EXPECT_NEAR(probe_accuracy(sgd, test), probe_accuracy(fit_linear_probe(train), test), 0.02);
  EXPECT_TRUE(fit_linear_probe(train, options).model.weight.equal(sgd.model.weight));
  options.protocol = "adam";
  EXPECT_THROW(fit_linear_probe(train, options), UserError);
}

TEST(FewLabel, ImprovesWithLabelsAndSkipsWhatAClassCannotGive) {
  FeatureSet train = clouds(400, 24, 8, 1.5, 8);
  const FeatureSet test = clouds(1000, 24, 8, 1.5, 8, 1);
  train.class_names = {"A", "B", "C", "D", "E", "F", "G", "H"};
  for (int64_t i = 2 + 8 * 20; i < 400; i += 8) train.y.data_ptr<int64_t>()[i] = -1;  // 20 of C
  const auto table = few_label_table(train, test);
  ASSERT_EQ(table.size(), 4u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(table[i].skipped.empty());
    EXPECT_EQ(table[i].accuracy.n, 10);
    EXPECT_GT(table[i].accuracy.half_width, 0);
  }
  EXPECT_GT(table[0].accuracy.mean, 0.3);
  EXPECT_GT(table[1].accuracy.mean, table[0].accuracy.mean + table[0].accuracy.half_width);
  EXPECT_GT(table[2].accuracy.mean, table[1].accuracy.mean);
  EXPECT_EQ(table[3].skipped, "class 'C' has only 20 labels");
  EXPECT_NE(to_text(table).find("50 labels a class: skipped, class 'C' has only 20 labels"),
            std::string::npos);
}

TEST(FewLabel, UsesEveryLabelThereIsWhenKIsAll) {
  // With k = all, each draw is the same set: no spread, and the plain fit's accuracy.
  const FeatureSet train = clouds(30, 6, 3, 1.0, 9), test = clouds(300, 6, 3, 1.0, 9, 1);
  FewLabelOptions options;
  options.labels_per_class = {10};
  const auto table = few_label_table(train, test, options);
  const LogisticFit fit = fit_logistic(train.x, train.y, 3);
  EXPECT_NEAR(table[0].accuracy.mean, accuracy(test.y, fit.model.predict(test.x)), 0.004);
  EXPECT_NEAR(table[0].accuracy.half_width, 0, 0.003);
}

TEST(FewLabel, CountsClassesWithoutTrainingLabelsAsWrong) {
  FeatureSet train = clouds(100, 16, 4, 0.1, 10);
  const FeatureSet test = clouds(400, 16, 4, 0.1, 10, 1);
  for (int64_t i = 1; i < 100; i += 4) train.y.data_ptr<int64_t>()[i] = -1;
  FewLabelOptions options;
  options.labels_per_class = {5};
  EXPECT_EQ(few_label_table(train, test, options)[0].accuracy.mean, 0.75);
}

TEST(FewLabel, IsTheSameForAnyNumberOfThreads) {
  const FeatureSet train = clouds(400, 24, 8, 2.0, 11), test = clouds(500, 24, 8, 2.0, 11, 1);
  std::vector<std::vector<double>> draws;
  for (int n : {1, 3}) {
    const Threads threads(n);
    for (const auto& row : few_label_table(train, test)) draws.push_back(row.draws);
  }
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(draws[i], draws[i + 4]) << i;
}

TEST(Episodes, AgreeWithThePapersLoops) {
  const FeatureSet set = clouds(200, 10, 8, 1.5, 12);
  EpisodeOptions options;
  options.shots = 3;
  options.queries = 4;
  options.episodes = 20;
  options.seed = 5;
  const EpisodeResult got = episodes_by_prototype(set, options);
  const auto pool = rows_by_class(set.y, 8);
  const auto unit = [&](int64_t row) {
    std::vector<double> v(10);
    double norm = 0;
    for (size_t j = 0; j < 10; ++j) {
      v[j] = set.x.data_ptr<float>()[row * 10 + static_cast<int64_t>(j)];
      norm += v[j] * v[j];
    }
    for (double& e : v) e /= std::sqrt(norm);
    return v;
  };
  for (uint64_t e = 0; e < 20; ++e) {
    Rng rng(5, {e});
    std::vector<std::vector<double>> prototypes;
    std::vector<std::vector<int64_t>> queries;
    for (int64_t c : rng.choose(8, 5)) {
      const auto chosen = rng.choose(25, 7);
      std::vector<double> mean(10);
      queries.emplace_back();
      for (size_t i = 0; i < 7; ++i) {
        const int64_t row = pool[static_cast<size_t>(c)][static_cast<size_t>(chosen[i])];
        if (i >= 3) {
          queries.back().push_back(row);
        } else {
          for (size_t j = 0; j < 10; ++j) mean[j] += unit(row)[j] / 3;
        }
      }
      double norm = 0;
      for (double m : mean) norm += m * m;
      for (double& m : mean) m /= std::sqrt(norm);
      prototypes.push_back(mean);
    }
    int right = 0;
    for (size_t w = 0; w < 5; ++w) {
      for (int64_t row : queries[w]) {
        size_t best = 0;
        double best_cosine = -2;
        for (size_t p = 0; p < 5; ++p) {
          double cosine = 0;
          for (size_t j = 0; j < 10; ++j) cosine += unit(row)[j] * prototypes[p][j];
          if (cosine > best_cosine) best_cosine = cosine, best = p;
        }
        right += best == w;
      }
    }
    EXPECT_NEAR(got.episodes[e], right / 20.0, 1e-12) << e;
  }
}

TEST(Episodes, AreAtChanceOnNoiseAndPerfectOnTightClouds) {
  FeatureSet noise;
  noise.x = normal_table(600, 8, 13);
  noise.y = clouds(600, 8, 20, 1, 13).y;
  const EpisodeResult chance = episodes_by_prototype(noise);
  EXPECT_EQ(chance.classes, 20);
  EXPECT_NEAR(chance.accuracy.mean, 0.2, 0.02);
  EXPECT_EQ(episodes_by_prototype(clouds(600, 8, 20, 1e-3, 13)).accuracy.mean, 1.0);
  EXPECT_THROW(episodes_by_prototype(clouds(600, 8, 60, 1, 13)), UserError);  // 10 rows a class
}

TEST(Options, AreDescribedOnceAndSettable) {
  FewLabelOptions few;
  Fields fields(few);
  fields.set("draws", "25", "--draws");
  EXPECT_EQ(few.draws, 25);
  EXPECT_THROW(fields.set("draws", "1", "--draws"), UserError);
  LinearProbeOptions probe;
  EpisodeOptions episodes;
  EXPECT_EQ(Fields(probe).keys().size(), 11u);
  EXPECT_EQ(Fields(episodes).keys().size(), 5u);
}

}  // namespace
}  // namespace likewise
