#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "data/fixtures.hpp"
#include "likewise/data/decoded_cache.hpp"
#include "likewise/data/image_tensor.hpp"
#include "likewise/data/splits.hpp"
#include "likewise/data/subset.hpp"

namespace likewise {
namespace {

using Ints = std::vector<int64_t>;

TEST(Memory, SamplesAreCopies) {
  const auto data = counted_images({0, 1, 1});
  Tensor x = data->get(1).parts[0];
  x.fill_(99);
  EXPECT_EQ(first_pixel(*data, 1), 1);
  EXPECT_EQ(data->name(2), "image[2]");
  EXPECT_EQ(data->info().class_names, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(data->domain(0), -1);
}

TEST(Memory, LabelsThatDoNotFitAreRefused) {
  DatasetInfo info;
  info.name = "toy";
  info.class_names = {"a", "b"};
  expect_in("toy: a label is 2", message_of<DataError>([&] { counted_images({0, 2}, {}, info); }));
  expect_in("a domain is -2", message_of<DataError>([&] { counted_images({0, 1}, {0, -2}); }));
  expect_in("2 images but 1 labels", message_of<DataError>([&] {
              memory_dataset(at::full({2, 1, 2, 2}, 0, at::kByte), {0});
            }));
  expect_in("uint8", message_of<DataError>([&] { memory_dataset(at::full({2, 1, 2, 2}, 0.5)); }));
}

TEST(ImageTensor, IsPlanarAndComesBackTheSame) {
  Image image{2, 3, 3, {}};
  for (uint8_t i = 0; i < 18; ++i) image.pixels.push_back(i);
  const Tensor x = to_tensor(image);
  ASSERT_EQ(x.sizes(), (Ints{3, 2, 3}));
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(x.data_ptr<uint8_t>()[c * 6 + i], 3 * i + c);
  }
  EXPECT_EQ(to_image(x).pixels, image.pixels);
  EXPECT_EQ(to_image(x.slice(2, 0, 2)).width, 2);
  EXPECT_THROW(to_image(at::full({2, 4, 4}, 0, at::kByte)), InvariantError);
}

TEST(Subset, KeepsLabelsAndCountsItsOwnPositions) {
  const auto part = subset(counted_images({0, 1, 2, 1}, {1, 0, 1, 0}), {3, 0, 3});
  EXPECT_EQ(labels_of(*part), (Ints{1, 0, 1}));
  EXPECT_EQ(domains_of(*part), (Ints{0, 1, 0}));
  EXPECT_EQ(first_pixel(*part, 0), 3);
  EXPECT_EQ(part->get(2).index, 2);
  EXPECT_EQ(part->name(1), "image[0]");
  EXPECT_THROW(subset(counted_images({0}), {1}), InvariantError);
}

TEST(Concatenate, MatchesClassesByName) {
  DatasetInfo one, two;
  one.class_names = {"cat", "dog"};
  two.class_names = {"dog", "eel"};
  two.domain_names = {"sea"};
  const auto all = concatenate({counted_images({0, 1}, {}, one), counted_images({}, {}, one),
                                counted_images({0, 1, -1}, {0, 0, 0}, two)});
  EXPECT_EQ(all->info().class_names, (std::vector<std::string>{"cat", "dog", "eel"}));
  EXPECT_EQ(labels_of(*all), (Ints{0, 1, 1, 2, -1}));
  EXPECT_EQ(domains_of(*all), (Ints{-1, -1, 0, 0, 0}));
  EXPECT_EQ(first_pixel(*all, 3), 1);
  EXPECT_EQ(all->get(3).label, 2);
  EXPECT_EQ(all->get(3).index, 3);
  EXPECT_THROW(concatenate({}), UserError);
}

void expect_a_division(const SplitIndices& split, int64_t size) {
  std::set<int64_t> seen(split.first.begin(), split.first.end());
  seen.insert(split.second.begin(), split.second.end());
  EXPECT_EQ(static_cast<int64_t>(seen.size()), size);
  EXPECT_EQ(static_cast<int64_t>(split.first.size() + split.second.size()), size);
}

TEST(FewLabelSplit, TakesKOfEveryClassAndLeavesTheRest) {
  const auto data = counted_images({0, 0, 0, 1, 1, 1, 1, -1, 2, 2});
  Rng rng(1);
  const auto split = few_label_split(*data, 2, rng);
  expect_a_division(split, 10);
  std::map<int64_t, int> counts;
  for (const int64_t i : split.first) ++counts[data->label(i)];
  EXPECT_EQ(counts, (std::map<int64_t, int>{{0, 2}, {1, 2}, {2, 2}}));
  Rng same(1), other(2);
  EXPECT_EQ(few_label_split(*data, 2, same).first, split.first);
  std::set<Ints> draws;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng each(seed);
    draws.insert(few_label_split(*data, 1, each).first);
  }
  EXPECT_GT(draws.size(), 5u);
}

TEST(FewLabelSplit, NamesTheClassThatIsTooSmall) {
  DatasetInfo info;
  info.class_names = {"common", "rare"};
  const auto data = counted_images({0, 0, 0, 1}, {}, info);
  Rng rng(1);
  expect_in("'rare'", message_of<UserError>([&] { few_label_split(*data, 2, rng); }));
  EXPECT_EQ(few_label_split(*data, 2, rng, false).first.size(), 3u);
  EXPECT_THROW(few_label_split(*data, 0, rng), UserError);
  EXPECT_THROW(few_label_split(*counted_images({-1, -1}), 1, rng), UserError);
}

TEST(StratifiedSplit, KeepsTheProportions) {
  Ints labels(100, 0);
  for (size_t i = 80; i < 98; ++i) labels[i] = 1;
  labels[98] = labels[99] = 2;
  const auto data = counted_images(labels);
  Rng rng(3);
  const auto split = stratified_split(*data, 0.25, rng);
  expect_a_division(split, 100);
  std::map<int64_t, int> counts;
  for (const int64_t i : split.second) ++counts[data->label(i)];
  EXPECT_EQ(counts[0], 20);
  EXPECT_NEAR(counts[1], 4.5, 0.5);
  EXPECT_EQ(counts[2], 1);
  EXPECT_THROW(stratified_split(*data, 1.0, rng), UserError);
}

TEST(DomainSplit, HoldsOutWholeDomains) {
  DatasetInfo info;
  info.domain_names = {"photo", "sketch"};
  const auto data = counted_images({0, 0, 1, 1, 1}, {0, 1, 1, -1, 0}, info);
  const auto split = split_by_domain(*data, {"sketch"});
  EXPECT_EQ(split.second, (Ints{1, 2}));
  EXPECT_EQ(split.first, (Ints{0, 3, 4}));
  expect_in("'sketch'", message_of<UserError>([&] { split_by_domain(*data, {"sketsch"}); }));
}

TEST(GroupSplit, NeverPutsADomainOnBothSides) {
  Ints domains;
  for (int64_t i = 0; i < 60; ++i) domains.push_back(i % 7);
  const auto data = counted_images(Ints(60, 0), domains);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    const auto split = group_split(*data, 0.3, rng);
    expect_a_division(split, 60);
    EXPECT_GE(split.second.size(), 18u);
    std::set<int64_t> held;
    for (const int64_t i : split.second) held.insert(domains[static_cast<size_t>(i)]);
    for (const int64_t i : split.first) EXPECT_EQ(held.count(domains[static_cast<size_t>(i)]), 0u);
    EXPECT_FALSE(split.first.empty());
  }
  Rng rng(1);
  EXPECT_THROW(group_split(*counted_images({0, 0}, {0, 0}), 0.5, rng), UserError);
}

// Counts how often it is asked.
class CountingDataset final : public Dataset {
 public:
  explicit CountingDataset(DatasetPtr inner) : inner_(std::move(inner)) {}
  int64_t size() const override { return inner_->size(); }
  Sample get(int64_t i) const override { return ++reads, inner_->get(i); }
  const DatasetInfo& info() const override { return inner_->info(); }
  int64_t label(int64_t i) const override { return inner_->label(i); }
  int64_t domain(int64_t i) const override { return inner_->domain(i); }
  std::string name(int64_t i) const override { return inner_->name(i); }
  mutable std::atomic<int> reads{0};

 private:
  DatasetPtr inner_;
};

TEST(DecodedCache, DecodesOnceWithinItsLimit) {
  const auto source = std::make_shared<CountingDataset>(counted_images({0, 1, 0, 1}));
  const auto cached = decoded_cache(source, 3 * 4);  // three of four images of 4 bytes
  for (int round = 0; round < 3; ++round) {
    for (int64_t i = 0; i < 4; ++i) {
      Sample sample = cached->get(i);
      EXPECT_EQ(sample.parts[0].data_ptr<uint8_t>()[0], i);
      EXPECT_EQ(sample.label, i % 2);
      sample.parts[0].fill_(77);  // must not reach what is held
    }
  }
  EXPECT_EQ(source->reads, 4 + 1 + 1);
}

TEST(DecodedCache, ServesManyThreads) {
  const auto cached = decoded_cache(counted_images(Ints(200, 0)), 1 << 20);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = 0; i < 1000; ++i) {
        const int64_t at = (i * 7 + t * 13) % 200;
        wrong += first_pixel(*cached, at) != at;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace likewise
