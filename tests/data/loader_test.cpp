#include "likewise/data/loader.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <set>

#include "data/fixtures.hpp"
#include "likewise/base/error.hpp"
#include "likewise/data/decoded_cache.hpp"
#include "likewise/data/open.hpp"

namespace likewise {
namespace {

// Sample i is a 1x2x2 image of value i; every `broken_every`-th is broken.
class Numbers : public Dataset {
 public:
  Numbers(int64_t n, int64_t broken_every = 0) : n_(n), broken_every_(broken_every) {
    info_.name = "numbers";
  }
  int64_t size() const override { return n_; }
  Sample get(int64_t i) const override {
    if (broken_every_ > 0 && i % broken_every_ == 0) throw DataError("number {} is broken", i);
    return {{at::full({1, 2, 2}, static_cast<double>(i), at::kFloat)}, i % 3, i % 2, i};
  }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override { return i % 3; }
  int64_t domain(int64_t i) const override { return i % 2; }
  std::string name(int64_t i) const override { return std::to_string(i); }

 private:
  int64_t n_, broken_every_;
  DatasetInfo info_;
};

std::vector<Transform> two_noisy_views() {
  const Transform noisy = [](const Tensor& x, Rng& rng) {
    return (x + rng.uniform()).contiguous();
  };
  return {noisy, noisy};
}

LoaderOptions options_of(int64_t batch, int64_t threads) {
  LoaderOptions options;
  options.batch = batch;
  options.threads = threads;
  options.seed = 11;
  return options;
}

std::vector<Batch> batches(const DatasetPtr& data, const LoaderOptions& options, int64_t from,
                           int64_t count) {
  Loader loader(data, two_noisy_views(), options);
  loader.seek(from);
  std::vector<Batch> out;
  for (int64_t i = 0; i < count; ++i) out.push_back(loader.next());
  return out;
}

TEST(Loader, GoesBackToAnEpochThatWasLeftBehind) {
  const auto data = std::make_shared<Numbers>(10);
  const auto first = batches(data, options_of(5, 1), 0, 2);
  Loader loader(data, two_noisy_views(), options_of(5, 2));
  for (int step = 0; step < 12; ++step) loader.next();
  for (int again = 0; again < 3; ++again) {
    loader.seek(0);
    for (const Batch& expected : first) {
      EXPECT_TRUE(at::equal(loader.next().views[0], expected.views[0]));
    }
  }
}

TEST(Loader, OrderAndContentDoNotDependOnTheNumberOfThreads) {
  for (int64_t broken_every : {0, 7}) {
    const auto data = std::make_shared<Numbers>(50, broken_every);
    const auto one = batches(data, options_of(8, 1), 0, 20);
    for (int64_t threads : {2, 4}) {
      const auto many = batches(data, options_of(8, threads), 0, 20);
      for (size_t i = 0; i < one.size(); ++i) {
        EXPECT_TRUE(at::equal(one[i].index, many[i].index)) << "batch " << i;
        for (size_t v = 0; v < 2; ++v) EXPECT_TRUE(at::equal(one[i].views[v], many[i].views[v]));
      }
    }
  }
}

TEST(Loader, ReadingMayBeginAnywhere) {
  const auto data = std::make_shared<Numbers>(50);
  const auto all = batches(data, options_of(8, 2), 0, 20);
  const auto tail = batches(data, options_of(8, 2), 13, 7);
  for (size_t i = 0; i < tail.size(); ++i) {
    EXPECT_TRUE(at::equal(tail[i].views[1], all[13 + i].views[1]));
  }
}

TEST(Loader, AnEpochHoldsEverySampleOnceAndTheNextHasAnotherOrder) {
  const auto all = batches(std::make_shared<Numbers>(48), options_of(8, 2), 0, 12);
  std::multiset<int64_t> seen;
  for (size_t b = 0; b < 6; ++b) {
    for (int64_t i = 0; i < 8; ++i) seen.insert(all[b].index.data_ptr<int64_t>()[i]);
  }
  EXPECT_EQ(seen.size(), 48U);
  EXPECT_EQ(std::set<int64_t>(seen.begin(), seen.end()).size(), 48U);
  EXPECT_FALSE(at::equal(all[0].index, all[6].index));
}

TEST(Loader, ViewsOfOneSampleAreDrawnIndependently) {
  const auto batch = batches(std::make_shared<Numbers>(8), options_of(8, 1), 0, 1).at(0);
  EXPECT_FALSE(at::equal(batch.views[0], batch.views[1]));
  EXPECT_EQ(batch.labels.data_ptr<int64_t>()[3], batch.index.data_ptr<int64_t>()[3] % 3);
}

TEST(Loader, WithoutShufflingTheLastBatchIsShort) {
  LoaderOptions options = options_of(8, 2);
  options.shuffle = false;
  const auto all = batches(std::make_shared<Numbers>(20), options, 0, 3);
  EXPECT_EQ(all[2].index.size(0), 4);
  EXPECT_EQ(all[2].index.data_ptr<int64_t>()[3], 19);
}

TEST(Loader, BrokenSamplesAreNamedAndReplaced) {
  Loader loader(std::make_shared<Numbers>(40, 10), two_noisy_views(), options_of(40, 1));
  const Batch batch = loader.next();
  EXPECT_EQ(batch.index.size(0), 40);
  const auto bad = loader.bad_samples();
  ASSERT_EQ(bad.size(), 4U);
  EXPECT_EQ(bad[1], "number 10 is broken");
}

TEST(Loader, InOrderABrokenSampleIsLeftOut) {
  LoaderOptions options = options_of(8, 2);
  options.shuffle = false;
  Loader loader(std::make_shared<Numbers>(20, 10), two_noisy_views(), options);
  const Batch first = loader.next();
  EXPECT_EQ(first.index.size(0), 7);
  EXPECT_EQ(first.views[0].size(0), 7);
  EXPECT_EQ(first.index.data_ptr<int64_t>()[0], 1);
}

TEST(Loader, TooManyBrokenSamplesAreAnError) {
  LoaderOptions options = options_of(8, 2);
  options.max_bad = 2;
  Loader loader(std::make_shared<Numbers>(40, 4), two_noisy_views(), options);
  EXPECT_THROW(for (int i = 0; i < 10; ++i) loader.next(), DataError);
  options.max_bad = 1000;
  Loader all_broken(std::make_shared<Numbers>(8, 1), two_noisy_views(), options);
  EXPECT_THROW(all_broken.next(), DataError);
}

TEST(Loader, FewerSamplesThanABatchIsTheUsersError) {
  EXPECT_THROW(Loader(std::make_shared<Numbers>(7), two_noisy_views(), options_of(8, 1)),
               UserError);
  EXPECT_THROW(Loader(std::make_shared<Numbers>(0), two_noisy_views(), options_of(8, 1)),
               UserError);
}

// A folder of JPEG files, one of them cut off at its end, read whole and read by what is looked at.
TEST(Loader, FilesAreReadWholeOnceAndThenAsFarAsTheyAreLookedAt) {
  const TemporaryFolder folder;
  for (int i = 0; i < 6; ++i) {
    Image card{90, 120, 3, {}};
    Rng noise(static_cast<uint64_t>(i));
    for (int k = 0; k < 90 * 120 * 3; ++k) {
      card.pixels.push_back(static_cast<uint8_t>(noise.below(256)));
    }
    auto bytes = encode_jpeg(card, 80);
    if (i == 4) bytes.resize(bytes.size() - 40);  // below everything that is looked at
    write_file(folder / (std::to_string(i) + ".jpg"), bytes);
  }
  const auto corner = [](const Tensor& x, Rng& rng) {
    return (x.slice(1, 3, 23).slice(2, 40, 71).to(at::kFloat) * rng.uniform()).contiguous();
  };
  const Transform knows(corner, [](int64_t, int64_t, Rng) { return PixelBox{3, 40, 20, 31}; });
  const auto data = open_dataset(folder.path().string());
  const auto cached = decoded_cache(data, 2 * 90 * 120 * 3);  // two of five find a place
  const auto run = [&](const DatasetPtr& set, const Transform& transform, int64_t from) {
    Loader loader(set, {transform, transform}, options_of(3, 2));
    loader.seek(from);
    std::vector<Batch> out;
    for (int i = 0; i < 8; ++i) out.push_back(loader.next());
    EXPECT_EQ(loader.bad_samples().size(), 1U) << "found although nothing damaged is looked at";
    return out;
  };
  const auto expected = run(data, corner, 0);
  for (const auto& set : {data, cached}) {
    const auto got = run(set, knows, 0), later = run(set, knows, 4);
    for (size_t b = 0; b < 8; ++b) {
      for (size_t v = 0; v < 2; ++v) {
        EXPECT_TRUE(at::equal(got[b].views[v], expected[b].views[v])) << b;
        if (b < 4) continue;
        EXPECT_TRUE(at::equal(later[b - 4].views[v], expected[b].views[v])) << b;
      }
    }
  }
}

}  // namespace
}  // namespace likewise
