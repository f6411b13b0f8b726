#include "likewise/fewshot/episode.hpp"

#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "fewshot/fewshot_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/data/memory.hpp"
#include "likewise/data/quarter_turns.hpp"

namespace likewise::fewshot {
namespace {

using testing::items;
using testing::normal;
using testing::patterns;

std::string message(const std::function<void()>& act) {
  try {
    act();
  } catch (const UserError& error) {
    return error.what();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Episodes, HaveDistinctClassesAndDistinctSamplesOfThem) {
  const LabelledItems labels = items(12, 8);
  const EpisodeShape shape{5, 2, 3};
  const EpisodeSampler sampler(labels, shape);
  EXPECT_EQ(sampler.classes(), 12);
  for (uint64_t e = 0; e < 200; ++e) {
    const Episode episode = sampler.draw(Rng(1, {e}));
    ASSERT_EQ(episode.positions.size(), 25U);
    EXPECT_EQ(std::set<int64_t>(episode.classes.begin(), episode.classes.end()).size(), 5U);
    EXPECT_EQ(std::set<int64_t>(episode.positions.begin(), episode.positions.end()).size(), 25U);
    for (size_t i = 0; i < 25; ++i) {
      const size_t way = i < 10 ? i / 2 : (i - 10) / 3;
      EXPECT_EQ(labels.labels[static_cast<size_t>(episode.positions[i])], episode.classes[way]);
    }
  }
}

TEST(Episodes, AreAFunctionOfTheStreamAndDrawEveryClassEquallyOften) {
  const EpisodeSampler sampler(items(10, 4), {5, 1, 1});
  EXPECT_EQ(sampler.draw(Rng(3, {7})).positions, sampler.draw(Rng(3, {7})).positions);
  EXPECT_NE(sampler.draw(Rng(3, {7})).positions, sampler.draw(Rng(3, {8})).positions);
  std::map<int64_t, int> often;
  for (uint64_t e = 0; e < 2000; ++e) {
    for (int64_t c : sampler.draw(Rng(3, {e})).classes) ++often[c];
  }
  for (const auto& [label, count] : often) EXPECT_NEAR(count, 1000, 120) << label;  // 5 deviations
}

TEST(Episodes, WithinDomainsStayInOneAndPassOverSmallOnes) {
  LabelledItems labels = items(13, 4, 2);  // 7 and 6 classes
  const EpisodeSampler sampler(labels, {7, 1, 1}, {.within_domains = true});
  EXPECT_EQ(sampler.classes(), 7);
  for (uint64_t e = 0; e < 50; ++e) {
    for (int64_t c : sampler.draw(Rng(1, {e})).classes) EXPECT_EQ(c % 2, 0);
  }
  EXPECT_TRUE(says(message([&] {
                     EpisodeSampler(labels, {8, 1, 1}, {.within_domains = true});
                   }),
                   "the largest has 7"));
  for (int64_t& d : labels.domains) d = -1;
  EXPECT_TRUE(says(message([&] {
                     EpisodeSampler(labels, {5, 1, 1}, {.within_domains = true});
                   }),
                   "no sample has a domain"));
}

TEST(Episodes, ATurnedDomainIsAnotherDomainAndAShareOfEpisodesStaysWithinOne) {
  LabelledItems labels = items(13, 4, 2);  // 7 and 6 classes
  labels.turns = 4;
  const EpisodeSampler within(labels, {6, 1, 1}, {.within_domains = true});
  EXPECT_EQ(within.classes(), 52);
  EXPECT_THROW(EpisodeSampler(labels, {8, 1, 1}, {.within_domains = true}), UserError)
      << "turns make no domain wider";
  std::set<std::pair<int64_t, int64_t>> seen;
  for (uint64_t e = 0; e < 100; ++e) {
    const Episode episode = within.draw(Rng(1, {e}));
    const int64_t domain = episode.classes[0] % 13 % 2, turn = episode.classes[0] / 13;
    for (int64_t c : episode.classes) {
      EXPECT_EQ(c % 13 % 2, domain);
      EXPECT_EQ(c / 13, turn);
    }
    for (int64_t p : episode.positions) EXPECT_EQ(p / 52, turn);
    seen.insert({domain, turn});
  }
  EXPECT_EQ(seen.size(), 8U);

  const EpisodeSampler mixed(labels, {6, 1, 1}, {.within_domains = true, .share = 0.5});
  int64_t one_domain = 0;
  for (uint64_t e = 0; e < 400; ++e) {
    std::set<int64_t> kinds;
    for (int64_t c : mixed.draw(Rng(2, {e})).classes) kinds.insert(c % 13 % 2 + 2 * (c / 13));
    one_domain += kinds.size() == 1;
  }
  EXPECT_NEAR(static_cast<double>(one_domain), 200, 50);
}

TEST(Episodes, TurnsAreClassesOfTheirOwnAndEqualTheTurnedDataSet) {
  std::vector<int64_t> labels = {0, 0, 1, 1, 2, 2};
  const Tensor pixels =
      (normal({6, 1, 5, 5}, 4, at::kFloat) * 40 + 128).clamp(0, 255).to(at::kByte);
  const DatasetPtr plain = memory_dataset(pixels, labels), turned = with_quarter_turns(plain);
  const ImageTable table(pixels.to(at::kFloat), items_of(*plain, 4));
  ASSERT_EQ(table.size(), turned->size());
  for (int64_t i = 0; i < table.size(); ++i) {
    EXPECT_TRUE(at::equal(table.gather({i})[0], turned->get(i).parts[0].to(at::kFloat))) << i;
  }
  const EpisodeSampler sampler(table.items(), {12, 1, 1});
  EXPECT_EQ(sampler.classes(), 12);
  const Episode episode = sampler.draw(Rng(1));
  for (size_t w = 0; w < 12; ++w) {
    EXPECT_EQ(turned->label(episode.positions[w]), episode.classes[w]);
    EXPECT_EQ(turned->label(episode.positions[12 + w]), episode.classes[w]);
    EXPECT_EQ(class_name(table.items(), episode.classes[w]),
              turned->info().class_names[static_cast<size_t>(episode.classes[w])]);
  }
}

TEST(Episodes, SayWhatIsMissing) {
  const LabelledItems labels = items(6, 4);
  const auto few = message([&] { EpisodeSampler(labels, {5, 2, 3}); });
  EXPECT_TRUE(says(few, "5-way episodes need 5 classes with 5 images each (2 shots + 3 queries)"))
      << few;
  EXPECT_TRUE(says(few, "0 of 6 classes have as many, the largest has 4")) << few;
  const auto narrow = message([&] { EpisodeSampler(labels, {7, 1, 1}); });
  EXPECT_TRUE(says(narrow, "6 of 6 classes have as many")) << narrow;
  EXPECT_TRUE(says(message([] {
                     EpisodeSampler(items(1, 9), {2, 1, 1});
                   }),
                   "has one class, class0"));
  LabelledItems unlabelled = items(6, 4);
  for (int64_t& label : unlabelled.labels) label = -1;
  EXPECT_TRUE(says(message([&] {
                     EpisodeSampler(unlabelled, {5, 1, 1});
                   }),
                   "no image has a label"));
  EXPECT_TRUE(says(message([&] { EpisodeSampler(labels, {1, 1, 1}); }), "at least 2 ways"));
  EXPECT_TRUE(says(message([] {
                     stack_images({at::zeros({1, 5, 5}), at::zeros({1, 5, 6})}, "mixed");
                   }),
                   "several sizes, [1, 5, 5] and [1, 5, 6]"));
}

TEST(EpisodeLoader, GivesWhatMakeBatchGivesFromWhereverItBegins) {
  const ImageTable table = patterns(6, 5, 8);
  const EpisodeSampler sampler(table.items(), {3, 1, 2});
  EpisodeLoader whole(table, sampler, 5, 4), later(table, sampler, 5, 4, 3, 1);
  std::vector<EpisodeBatch> batches;
  for (int i = 0; i < 5; ++i) batches.push_back(whole.next());
  for (size_t i = 3; i < 5; ++i) {
    const EpisodeBatch again = later.next();
    EXPECT_TRUE(at::equal(again.images, batches[i].images));
  }
  const EpisodeBatch made = make_batch(table, sampler, 5, EpisodeUse::kTrain, 8, 4);
  EXPECT_TRUE(at::equal(made.images, batches[2].images));
  EXPECT_EQ(made.support(1).size(0), 3);
  EXPECT_EQ(made.query(1).size(0), 6);
  EXPECT_TRUE(at::equal(made.only(1).images, made.images.narrow(0, 9, 9)));
  EXPECT_TRUE(at::equal(made.query_targets(), at::tensor(std::vector<int64_t>{0, 0, 1, 1, 2, 2})));
}

TEST(EpisodeLoader, TrainingAndTestDrawFromStreamsOfTheirOwn) {
  const EpisodeSampler sampler(items(50, 5), {5, 1, 1});
  EXPECT_NE(sampler.draw(episode_rng(0, EpisodeUse::kTrain, 0)).positions,
            sampler.draw(episode_rng(0, EpisodeUse::kTest, 0)).positions);
}

}  // namespace
}  // namespace likewise::fewshot
