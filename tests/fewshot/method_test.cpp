// Every method of the catalogue, then what is special to each.
#include "likewise/fewshot/method.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fewshot/fewshot_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/fewshot/catalogue.hpp"
#include "likewise/fewshot/evaluate.hpp"
#include "likewise/fewshot/maml.hpp"
#include "likewise/fewshot/matching.hpp"
#include "likewise/fewshot/metric.hpp"
#include "likewise/fewshot/prototypical.hpp"
#include "likewise/fewshot/relation.hpp"
#include "likewise/fewshot/siamese.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/losses/prototypical.hpp"
#include "likewise/losses/similarity_lse.hpp"
#include "likewise/nn/count.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/optim/optimizer.hpp"

namespace likewise::fewshot {
namespace {

using testing::difference;
using testing::golden;
using testing::normal;
using testing::patterns;

constexpr int64_t kSide = 28;

std::shared_ptr<FewShotMethod> made(const MethodOptions& options) {
  MethodInput input;
  input.encoder.name = "conv4";
  input.encoder.width = 8;
  input.size = kSide;
  input.ways = 3;
  auto method = options.make(input);
  initialize(*method, Rng(1));
  to_channels_last(*method);
  return method;
}

EpisodeBatch episodes(int64_t count, int64_t queries = 2, int64_t shots = 2) {
  static const ImageTable table = patterns(6, 8, kSide);
  const EpisodeSampler sampler(table.items(), {3, shots, queries});
  return make_batch(table, sampler, 1, EpisodeUse::kTrain, 0, count);
}

class EveryMethod : public ::testing::TestWithParam<size_t> {
 protected:
  const MethodEntry& entry() const { return methods()[GetParam()]; }
  std::shared_ptr<FewShotMethod> make() const { return made(*entry().make_options()); }
  EpisodeBatch batch(int64_t count = 2) const { return episodes(count); }
};

TEST_P(EveryMethod, AccumulatesAFiniteGradientForEveryParameter) {
  const auto method = make();
  const double loss = method->accumulate(batch(), 0.9);
  EXPECT_TRUE(std::isfinite(loss));
  for (const auto& item : method->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(std::isfinite(item.value().grad().abs().sum().item<double>())) << item.key();
  }
}

TEST_P(EveryMethod, IsTheSameEveryTime) {
  const auto a = make(), b = make();
  EXPECT_EQ(a->accumulate(batch(), 0.9), b->accumulate(batch(), 0.9));
  for (size_t i = 0; i < a->parameters().size(); ++i) {
    EXPECT_TRUE(at::equal(a->parameters()[i].grad(), b->parameters()[i].grad()));
  }
}

TEST_P(EveryMethod, ScoresEpisodesOneByOneAndLeavesNoTrace) {
  const auto method = make();
  const EpisodeBatch two = batch();
  std::vector<Tensor> before;
  for (const auto& item : named_tensors(*method)) before.push_back(item.second.clone());
  for (const NormMode mode : method->norm_modes()) {
    const Tensor scores = method->scores(two, mode);
    ASSERT_EQ(scores.sizes(), (at::IntArrayRef{2, 6, 3}));
    EXPECT_FALSE(scores.requires_grad());
    for (int64_t e = 0; e < 2; ++e) {
      EXPECT_LT(difference(method->scores(two.only(e), mode)[0], scores[e]), 1e-4)
          << norm_name(mode);
    }
  }
  size_t at = 0;
  for (const auto& item : named_tensors(*method)) {
    EXPECT_TRUE(at::equal(item.second, before[at++])) << item.first;
  }
}

TEST_P(EveryMethod, LearnsToTellPatternsApart) {
  const auto method = make();
  std::vector<ParameterInfo> parameters;
  for (const auto& item : method->named_parameters())
    parameters.push_back({item.key(), item.value(), false});
  OptimOptions options;
  options.name = entry().defaults.optimizer;
  options.momentum = 0;
  options.weight_decay = 0;
  const auto optimizer = make_optimizer(options, parameters);
  const ImageTable table = patterns(6, 20, kSide, 0.5);
  const EpisodeSampler sampler(table.items(), {3, 2, 2}), judge(table.items(), {3, 2, 4});
  const std::string name = entry().name;  // those whose steps are dear learn from few
  const int64_t steps = name == "imaml" || name == "maml_pp" || name == "reptile" ? 8 : 30;
  for (int64_t step = 0; step < steps; ++step) {
    optimizer->zero_grad();
    method->accumulate(make_batch(table, sampler, 1, EpisodeUse::kTrain, 4 * step, 4), 0.9);
    optimizer->step(entry().defaults.optimizer == std::string("sgd") ? 1 : 3e-3);
  }
  const auto modes = method->norm_modes();
  const auto score =
      evaluate_episodes(*method, table, judge, 20, 1, EpisodeUse::kTest,
                        modes.front() == NormMode::kTransductive ? modes.front() : modes.back());
  EXPECT_GT(score.accuracy.mean, 0.6) << "chance is 0.33";
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryMethod, ::testing::Range(size_t{0}, methods().size()),
                         [](const auto& about) {
                           return std::string(methods()[about.param].name);
                         });

EpisodeFeatures random_features(int64_t shots, uint64_t seed, int64_t ways = 4,
                                int64_t queries = 3) {
  return {normal({2, ways, shots, 5}, seed), normal({2, ways * queries, 5}, seed + 1), queries};
}

TEST(Prototypical, IsALinearLayerUpToAConstantOfEachQuery) {
  const EpisodeFeatures f = random_features(3, 1);
  const Tensor centres = f.support.mean(2), logits = squared_distance_logits(f.query, centres);
  const Tensor linear = at::linear(f.query[0], 2 * centres[0], -centres[0].pow(2).sum(1));
  EXPECT_LT(difference(at::softmax(logits[0], 1), at::softmax(linear, 1)), 1e-12);
  for (int64_t i = 0; i < 12; ++i) {
    for (int64_t k = 0; k < 4; ++k) {
      EXPECT_NEAR(logits[1][i][k].item<double>(),
                  -(f.query[1][i] - centres[1][k]).pow(2).sum().item<double>(), 1e-12);
    }
  }
}

TEST(Prototypical, WithUnitLengthOneShotAndOneQueryIsInfoNce) {
  const Tensor s = normal({6, 8}, 1), q = normal({6, 8}, 2);
  const EpisodeFeatures f{s.reshape({1, 6, 1, 8}), q.reshape({1, 6, 8}), 1};
  Prototypical method(std::make_shared<PixelEncoder>(8), {.temperature = 0.2});
  const double got = method.episode_loss(f).item<double>();
  InfoNceOptions options;
  options.temperature = 0.2;
  EXPECT_NEAR(got, info_nce_plain(q, s, {}, options).item<double>(), 1e-12);
  // The same from squared distances of unit rows: -|q - s|^2 / 2 tau differs by a constant.
  const Tensor unit_s = unit_rows(s), unit_q = unit_rows(q);
  const Tensor logits =
      squared_distance_logits(unit_q.unsqueeze(0), unit_s.unsqueeze(0)) / (2 * 0.2);
  EXPECT_NEAR(query_cross_entropy(logits, f).item<double>(), got, 1e-12);
}

TEST(Prototypical, EqualsTheLossOfASingleEpisode) {
  const EpisodeFeatures f = random_features(3, 5);
  Prototypical euclid(std::make_shared<PixelEncoder>(5)),
      cosine(std::make_shared<PixelEncoder>(5), {0.3});
  const auto one = [&](int64_t e, double t) {
    return prototypical(f.support[e], f.query[e].reshape({4, 3, 5}), t).item<double>();
  };
  EXPECT_NEAR(euclid.episode_loss(f).item<double>(), (one(0, 0) + one(1, 0)) / 2, 1e-12);
  EXPECT_NEAR(cosine.episode_loss(f).item<double>(), (one(0, 0.3) + one(1, 0.3)) / 2, 1e-12);
}

TEST(Matching, OfOneShotBySquaredDistanceIsPrototypical) {
  const EpisodeFeatures f = random_features(1, 9);
  const Tensor p = matching_log_probability(f.support, f.query, {.similarity = "squared"});
  EXPECT_LT(difference(p, at::log_softmax(squared_distance_logits(f.query, f.support.mean(2)), 2)),
            1e-12);
}

TEST(Matching, EqualsTheGoldenValues) {
  const Golden file("fewshot");
  for (const std::string similarity : {"cosine", "squared"}) {
    const std::string name = "matching_" + similarity;
    const Tensor s = golden(file, name, "support").set_requires_grad(true);
    const Tensor q = golden(file, name, "query").set_requires_grad(true);
    const Tensor log_p = matching_log_probability(s.unsqueeze(0), q.reshape({1, 15, 8}),
                                                  {.similarity = similarity, .scale = 10});
    EXPECT_LT(difference(log_p[0].exp().reshape({5, 3, 5}), golden(file, name, "probabilities")),
              1e-9);
    const EpisodeFeatures f{s.unsqueeze(0), q.reshape({1, 15, 8}), 3};
    const Tensor loss = -log_p.gather(2, query_ways(f).unsqueeze(2)).mean();
    loss.backward();
    EXPECT_NEAR(loss.item<double>(), golden(file, name, "out").item<double>(), 1e-9);
    EXPECT_LT(difference(s.grad(), golden(file, name, "grad_support")), 1e-9);
    EXPECT_LT(difference(q.grad(), golden(file, name, "grad_query")), 1e-9);
  }
}

TEST(Matching, ATamePaperScaleCannotBeSure) {
  // One shot, 20 ways, the best possible cosines: e / (e + 19 / e).
  Tensor support = at::full_like(at::zeros({1, 20, 1, 1}, at::kDouble), -1);
  support[0][0][0][0] = 1;
  const Tensor query = at::ones({1, 1, 1}, at::kDouble);
  const double best =
      matching_log_probability(support, query, {.scale = 1})[0][0][0].exp().item<double>();
  EXPECT_NEAR(best, std::exp(1) / (std::exp(1) + 19 * std::exp(-1)), 1e-12);
  EXPECT_LT(best, 0.29);
}

TEST(Matching, WithoutReadingsAQueryIsItsOwnEmbeddingWhateverTheSupportsOrder) {
  MatchingOptions options{.full_context = true, .read_steps = 0};
  Matching method(std::make_shared<PixelEncoder>(5), options);
  initialize(method, Rng(1));
  EpisodeFeatures f = random_features(1, 3);
  f.support = f.support.to(at::kFloat);
  f.query = f.query.to(at::kFloat);
  const Tensor scores = method.episode_scores(f);
  EXPECT_LT(difference(scores.exp().sum(2), at::ones({2, 12})), 1e-5);
  options.read_steps = 3;
  Matching reader(std::make_shared<PixelEncoder>(5), options);
  initialize(reader, Rng(1));
  EXPECT_GT(difference(reader.episode_scores(f), scores), 1e-6);
}

TEST(Relation, OfAConstantHasTheLossOfGuessing) {
  MethodInput input;
  Relation method(input, {});
  const EpisodeBatch batch = episodes(1);
  {
    const at::NoGradGuard no_grad;
    for (const auto& item : method.named_parameters()) item.value().zero_();
    for (const auto& item : method.named_parameters()) {
      if (item.key() == "out.bias") item.value().fill_(std::log(0.5));  // sigmoid 1/3
    }
  }
  method.eval();
  const at::NoGradGuard no_grad;
  const Tensor loss = method.episode_loss(split_features(method.embed(batch.images), batch.shape));
  EXPECT_NEAR(loss.item<double>(), 2.0 / 9, 1e-6) << "(N - 1) / N^2";
  EXPECT_EQ(RelationEncoder(1, 28).side(), 5);
  EXPECT_THROW(RelationEncoder(1, 21), UserError);
}

TEST(Relation, AMeanOfEqualShotsIsOneShotAndASumIsNot) {
  MethodInput input;
  const auto scores = [&](const std::string& map, int64_t shots) {
    RelationOptions options;
    options.shots = map;
    Relation method(input, options);
    initialize(method, Rng(1));
    method.eval();
    const at::NoGradGuard no_grad;
    const Tensor support = normal({1, 3, 1, 64 * 25}, 1, at::kFloat);
    const Tensor query = normal({1, 6, 64 * 25}, 2, at::kFloat);
    return method.episode_scores({support.expand({1, 3, shots, 64 * 25}), query, 2});
  };
  EXPECT_LT(difference(scores("mean", 1), scores("mean", 5)), 1e-5);
  EXPECT_TRUE(at::equal(scores("mean", 1), scores("sum", 1)));
  EXPECT_GT(difference(scores("sum", 1), scores("sum", 5)), 1e-4);
  EXPECT_EQ(RelationOptions{}.shots, "mean");
}

TEST(Siamese, EqualsTheGoldenValues) {
  const Golden file("fewshot");
  const std::string name = "siamese";
  Tensor h1 = golden(file, name, "h1"), h2 = golden(file, name, "h2");
  Tensor w = golden(file, name, "weight"), b = golden(file, name, "bias");
  for (Tensor* t : {&h1, &h2, &w, &b}) t->set_requires_grad(true);
  const Tensor logits = match_logits(h1, h2, w.unsqueeze(0), b.reshape({1}));
  EXPECT_LT(difference(at::sigmoid(logits), golden(file, name, "probability")), 1e-9);
  const Tensor same = golden(file, name, "same").to(at::kDouble);
  const Tensor p = at::sigmoid(logits);
  const Tensor loss = -(same * p.log() + (1 - same) * (1 - p).log()).mean();
  loss.backward();
  EXPECT_NEAR(loss.item<double>(), golden(file, name, "out").item<double>(), 1e-9);
  EXPECT_LT(difference(h1.grad(), golden(file, name, "grad_h1")), 1e-9);
  EXPECT_LT(difference(h2.grad(), golden(file, name, "grad_h2")), 1e-9);
  EXPECT_LT(difference(w.grad(), golden(file, name, "grad_weight")), 1e-9);
  EXPECT_LT(difference(b.grad(), golden(file, name, "grad_bias")), 1e-9);
}

TEST(Siamese, IsSymmetricAndTurnsIntoNearestNeighboursWithEqualWeights) {
  MethodInput input;
  input.encoder.name = "conv4";
  input.encoder.width = 8;
  Siamese method(input, {.norm = false});
  initialize(method, Rng(1));
  method.eval();
  const at::NoGradGuard no_grad;
  const Tensor a = normal({7, 8}, 1, at::kFloat), b = normal({7, 8}, 2, at::kFloat);
  EXPECT_TRUE(at::equal(method.match(a, b), method.match(b, a)));
  for (const auto& item : method.named_parameters()) {
    if (item.key() == "weights.weight") item.value().fill_(-2);
  }
  const EpisodeFeatures f{normal({1, 4, 1, 8}, 3, at::kFloat), normal({1, 8, 8}, 4, at::kFloat), 2};
  const Tensor l1 =
      (f.query[0].unsqueeze(1) - f.support[0].flatten(0, 1).unsqueeze(0)).abs().sum(2);
  EXPECT_TRUE(at::equal(chosen_ways(method.episode_scores(f))[0], l1.argmin(1)));
}

TEST(Siamese, KochsNetworkHasThePapersParameters) {
  KochEncoder encoder(1);
  EXPECT_EQ(parameter_count(encoder) + 4096 + 1, 38951745);
  EXPECT_THROW(KochEncoder(1, 28), UserError);
}

TEST(NormModes, DifferAndSupportModeNamesEachQueryByItself) {
  const auto method = made(*find_method("prototypical").make_options());
  const EpisodeBatch batch = episodes(1, 4);
  EpisodeBatch changed = batch;
  changed.images = batch.images.clone();
  changed.images[changed.images.size(0) - 1].add_(2);  // the last query alone
  for (const NormMode mode : method->norm_modes()) {
    const Tensor a = method->scores(batch, mode), b = method->scores(changed, mode);
    const double others = difference(a[0].narrow(0, 0, 11), b[0].narrow(0, 0, 11));
    if (mode == NormMode::kTransductive)
      EXPECT_GT(others, 1e-6) << "queries see each other";
    else
      EXPECT_LT(others, 1e-5) << norm_name(mode);
  }
  EXPECT_EQ(parse_norm("support"), NormMode::kSupport);
  EXPECT_THROW(parse_norm("suport"), UserError);
}

TEST(Maml, BeforeItAdaptsGuessesAndFixedWaysAreAnError) {
  const auto method = made(*find_method("maml").make_options());
  const ImageTable table = patterns(8, 6, kSide);
  const EpisodeSampler sampler(table.items(), {4, 1, 2});
  EXPECT_EQ(method->fixed_ways(), 3);
  EXPECT_THROW(method->scores(make_batch(table, sampler, 1, EpisodeUse::kTest, 0, 1),
                              NormMode::kTransductive),
               UserError);
}

TEST(Evaluate, FeaturesOnceEqualFeaturesOfEveryEpisode) {
  const auto method = made(*find_method("prototypical").make_options());
  const ImageTable table = patterns(5, 8, kSide, 3, 4);
  const EpisodeSampler sampler(table.items(), {5, 1, 3});
  auto& encoder = dynamic_cast<EncoderMethod&>(*method);
  const auto once =
      evaluate_features(encoder, table_features(encoder, table), sampler, 20, 1, EpisodeUse::kTest);
  std::vector<double> each;
  for (int64_t e = 0; e < 20; ++e) {
    const Tensor scores = method->scores(make_batch(table, sampler, 1, EpisodeUse::kTest, e, 1),
                                         NormMode::kInductive);
    const Tensor chosen = chosen_ways(scores)[0];
    double right = 0;
    for (int64_t m = 0; m < 15; ++m) right += chosen[m].item<int64_t>() == m / 3;
    each.push_back(right / 15);
  }
  EXPECT_EQ(once.episodes, each);
  const auto best = mean_normal(each);
  EXPECT_DOUBLE_EQ(once.accuracy.half_width, best.half_width);
}

}  // namespace
}  // namespace likewise::fewshot
