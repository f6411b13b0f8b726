#include "likewise/base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace likewise {
namespace {

// Known answers of Random123's philox4x32-10 (kat_vectors).
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, IsAFunctionOfItsKeysOnly) {
  Rng a(7, {1, 2}), b(7, {1, 2}), other_key(7, {2, 1}), other_seed(8, {1, 2});
  const uint64_t first = a.next_u64();
  EXPECT_EQ(first, b.next_u64());
  EXPECT_NE(first, other_key.next_u64());
  EXPECT_NE(first, other_seed.next_u64());
}

TEST(Rng, ForkDoesNotDependOnHowManyNumbersWereDrawn) {
  Rng fresh(3), used(3);
  for (int i = 0; i < 5; ++i) used.next_u32();
  EXPECT_EQ(fresh.fork({9}).next_u64(), used.fork({9}).next_u64());
  EXPECT_NE(fresh.fork({9}).next_u64(), fresh.fork({10}).next_u64());
}

TEST(Rng, UniformAndNormalHaveTheirMoments) {
  Rng rng(1);
  constexpr int kDraws = 200000;
  double sum = 0, square = 0, normal_sum = 0, normal_square = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    square += u * u;
    const double n = rng.normal();
    normal_sum += n;
    normal_square += n * n;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 4 * std::sqrt(1.0 / 12 / kDraws));
  EXPECT_NEAR(square / kDraws, 1.0 / 3, 0.003);
  EXPECT_NEAR(normal_sum / kDraws, 0.0, 4 / std::sqrt(kDraws));
  EXPECT_NEAR(normal_square / kDraws, 1.0, 0.015);
}

TEST(Rng, BelowIsUniformAndStaysInRange) {
  Rng rng(5);
  std::array<int, 7> counts{};
  constexpr int kDraws = 70000;
  for (int i = 0; i < kDraws; ++i) ++counts.at(static_cast<size_t>(rng.below(7)));
  for (int count : counts) EXPECT_NEAR(count, 10000, 400);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rng.below(1), 0);
}

TEST(Rng, PermutationHoldsEveryIndexOnceAndChooseIsItsBeginning) {
  auto p = Rng(2).permutation(100);
  const auto chosen = Rng(2).choose(100, 10);
  EXPECT_TRUE(std::equal(chosen.begin(), chosen.end(), p.begin()));
  EXPECT_FALSE(std::is_sorted(p.begin(), p.end()));
  std::sort(p.begin(), p.end());
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(p[static_cast<size_t>(i)], i);
}

TEST(Rng, FilledFloatsHaveTheirMoments) {
  std::vector<float> x(100001);
  Rng(4).fill_normal(x.data(), static_cast<int64_t>(x.size()));
  double sum = 0, square = 0;
  for (float v : x) {
    sum += v;
    square += double{v} * v;
  }
  EXPECT_NEAR(sum / static_cast<double>(x.size()), 0.0, 0.013);
  EXPECT_NEAR(square / static_cast<double>(x.size()), 1.0, 0.02);
}

}  // namespace
}  // namespace likewise
