// Distortions of episodes, and pairing each query with a class.
#include "likewise/fewshot/distort.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "fewshot/fewshot_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/fewshot/assignment.hpp"

namespace likewise::fewshot {
namespace {

using testing::difference;
using testing::normal;
using testing::patterns;

TEST(Distort, StaysInThePapersRangesAndEachPartIsThereHalfOfTheTime) {
  // A map with one part alone, so that its amount can be read from it.
  const double degree = std::acos(-1.0) / 180;
  int64_t turned = 0, scaled = 0, shifted = 0;
  DistortRanges only;
  only.shear = only.scale = only.translate = 0;
  DistortRanges stretch = only, shift = only;
  stretch.degrees = shift.degrees = 0;
  stretch.scale = 0.2;
  shift.translate = 2.0 / 105;
  for (uint64_t i = 0; i < 2000; ++i) {
    Rng a(1, {i}), b(1, {i}), c(1, {i});
    const AffineMap turn = draw_distortion(only, 105, a);
    EXPECT_LE(std::abs(std::atan2(turn.xy, turn.xx)), 10 * degree + 1e-12);
    EXPECT_NEAR(turn.xx * turn.yy - turn.xy * turn.yx, 1, 1e-12);
    turned += turn.xy != 0;
    const AffineMap wide = draw_distortion(stretch, 105, b);
    EXPECT_GE(1 / wide.xx, 0.8 - 1e-12);
    EXPECT_LE(1 / wide.xx, 1.2 + 1e-12);
    EXPECT_EQ(wide.xy, 0);
    scaled += wide.xx != 1;
    const AffineMap moved = draw_distortion(shift, 105, c);
    EXPECT_LE(std::abs(moved.x0), 2 + 1e-9);
    EXPECT_LE(std::abs(moved.y0), 2 + 1e-9);
    shifted += moved.x0 != 0;
  }
  for (const int64_t count : {turned, scaled, shifted}) EXPECT_NEAR(count, 1000, 110);
}

TEST(Distort, TheMapIsTheInverseOfTurnAfterShearAfterScale) {
  DistortRanges ranges;
  ranges.chance = 1;
  for (uint64_t i = 0; i < 20; ++i) {
    Rng rng(3, {i}), again(3, {i});
    const AffineMap map = draw_distortion(ranges, 105, rng);
    const auto draw = [&again](double bound) {
      EXPECT_TRUE(again.chance(1));
      return again.uniform(-bound, bound);
    };
    const double turn = draw(10) * std::acos(-1.0) / 180, hx = draw(0.3), hy = draw(0.3);
    const double sx = 1 + draw(0.2), sy = 1 + draw(0.2), tx = draw(2), ty = draw(2);
    for (const auto& [x, y] : std::vector<std::pair<double, double>>{{3, -7}, {0, 0}, {-20, 11}}) {
      const double u = sx * x + hx * sy * y, v = hy * sx * x + sy * y;  // scaled, then sheared
      const double px = std::cos(turn) * u - std::sin(turn) * v + tx;
      const double py = std::sin(turn) * u + std::cos(turn) * v + ty;
      EXPECT_NEAR(map.xx * px + map.xy * py + map.x0, x, 1e-10);
      EXPECT_NEAR(map.yx * px + map.yy * py + map.y0, y, 1e-10);
    }
  }
}

TEST(Distort, KeepsPaperAndImagesThatNoPartTouches) {
  Tensor x = at::zeros({2, 12, 12}, at::kFloat);
  x[0].fill_(-0.4);
  x[1].fill_(3);
  AffineMap map;
  map.x0 = 5;
  EXPECT_LT(difference(distorted(x, map), x), 1e-6) << "what comes in is paper";
  const Tensor image = normal({1, 9, 9}, 2, at::kFloat);
  EXPECT_LT(difference(distorted(image, AffineMap{}), image), 1e-6);
}

TEST(Distort, EpisodesAreAFunctionOfSeedAndNumber) {
  const ImageTable table = patterns(5, 6, 16);
  const EpisodeSampler sampler(table.items(), {3, 1, 2});
  DistortOptions options;
  options.affine = true;
  const auto batch = [&](int64_t first, int64_t count, uint64_t seed = 5) {
    EpisodeBatch out = make_batch(table, sampler, 5, EpisodeUse::kTrain, first, count);
    distort(out, options, seed, first);
    return out.images;
  };
  const Tensor whole = batch(0, 4);
  EXPECT_TRUE(at::equal(whole.narrow(0, 18, 18), batch(2, 2)));
  EXPECT_FALSE(at::equal(whole, batch(0, 4, 6)));
  EpisodeBatch plain = make_batch(table, sampler, 5, EpisodeUse::kTrain, 0, 4);
  EXPECT_GT(difference(plain.images, whole), 0.1);
  options.affine = false;
  EXPECT_TRUE(at::equal(batch(0, 4), plain.images));
}

TEST(Assignment, IsTheBestOfAllPermutations) {
  for (int64_t n = 1; n <= 6; ++n) {
    for (uint64_t trial = 0; trial < 20; ++trial) {
      Tensor cost = normal({n, n}, 100 * trial + static_cast<uint64_t>(n));
      if (trial % 2 == 0) cost = cost.round();  // ties
      std::vector<int64_t> p(static_cast<size_t>(n));
      std::iota(p.begin(), p.end(), 0);
      double best = 1e9;
      const auto sum = [&](const std::vector<int64_t>& way) {
        double total = 0;
        for (int64_t i = 0; i < n; ++i)
          total += cost[i][way[static_cast<size_t>(i)]].item<double>();
        return total;
      };
      do best = std::min(best, sum(p));
      while (std::next_permutation(p.begin(), p.end()));
      const auto got = least_assignment(cost);
      EXPECT_NEAR(sum(got), best, 1e-12);
      auto sorted = got;
      std::sort(sorted.begin(), sorted.end());
      std::iota(p.begin(), p.end(), 0);
      EXPECT_EQ(sorted, p);
      const Tensor shifted = cost + normal({n, 1}, trial + 7);
      EXPECT_NEAR(sum(one_to_one(-shifted)), best, 1e-9) << "constants of rows change nothing";
    }
  }
  EXPECT_TRUE(least_assignment(at::zeros({0, 0}, at::kDouble)).empty());
}

}  // namespace
}  // namespace likewise::fewshot
