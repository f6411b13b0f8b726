#include "likewise/views/corruptions.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "likewise/base/error.hpp"
#include "likewise/data/memory.hpp"

namespace likewise::image_corruption_tests {
namespace {

// A smooth picture with edges: [C, H, W] in [0, 1].
Tensor picture(int64_t channels, int64_t height, int64_t width, uint64_t seed) {
  Tensor x = at::empty({channels, height, width}, at::kFloat);
  Rng rng(seed);
  const double fy = rng.uniform(0.1, 0.4), fx = rng.uniform(0.1, 0.4);
  float* out = x.data_ptr<float>();
  for (int64_t c = 0; c < channels; ++c) {
    const double phase = rng.uniform(0, 6);
    for (int64_t i = 0; i < height; ++i) {
      for (int64_t j = 0; j < width; ++j) {
        const double wave = std::sin(fy * static_cast<double>(i) + phase) *
                            std::cos(fx * static_cast<double>(j) - phase);
        *out++ = static_cast<float>(0.5 + 0.25 * wave + ((i / 5 + j / 7) % 2 == 0 ? 0.15 : -0.15));
      }
    }
  }
  return x;
}

double distance(const std::string& name, int severity) {
  double sum = 0;
  constexpr int kPictures = 24;
  for (uint64_t k = 0; k < kPictures; ++k) {
    const Tensor x = picture(3, 32, 32, k);
    Rng rng(k, {1});
    sum += (corrupt(x, name, severity, rng) - x).abs().mean().item<double>() / kPictures;
  }
  return sum;
}

std::vector<Corruption> fifteen() { return corruptions_of(Modality::image); }

class EveryCorruption : public ::testing::TestWithParam<size_t> {
 protected:
  std::string name() const { return fifteen()[GetParam()].name; }
};

TEST_P(EveryCorruption, KeepsShapeAndRangeAndIsAFunctionOfTheStream) {
  for (const int64_t channels : {1, 3}) {
    for (const auto& [height, width] :
         {std::pair<int64_t, int64_t>{32, 32}, {28, 40}, {64, 64}, {5, 3}, {1, 1}}) {
      for (const int severity : {1, 5}) {
        const Tensor x = picture(channels, height, width, 3);
        Rng a(1), b(1);
        const Tensor y = corrupt(x, name(), severity, a);
        ASSERT_EQ(y.sizes(), x.sizes());
        EXPECT_GE(y.min().item<float>(), 0);
        EXPECT_LE(y.max().item<float>(), 1);
        EXPECT_TRUE(at::equal(y, corrupt(x, name(), severity, b)));
      }
    }
  }
}

TEST_P(EveryCorruption, TheWorstSeverityIsFartherThanTheMildest) {
  const double mild = distance(name(), 1), worst = distance(name(), 5);
  EXPECT_GT(mild, 0);
  // Its authors' elastic warps move pixels less and less, but ever more unevenly; frost takes away
  // light that it has given, so that a grey picture stays grey.
  const bool other = name() == "elastic" || name() == "frost";
  EXPECT_GT(worst, other ? 0.05 : 1.2 * mild);
}

TEST_P(EveryCorruption, DistanceGrowsWithSeverityWhereOneNumberGrows) {
  // Glass and elastic change several things at once, as their authors have them; snow too.
  // Larger pixels meet the stripes of the picture now well, now badly.
  if (name() == "glass_blur" || name() == "elastic" || name() == "snow" || name() == "frost" ||
      name() == "pixelate") {
    GTEST_SKIP();
  }
  double before = 0;
  for (int severity = 1; severity <= kSeverities; ++severity) {
    const double now = distance(name(), severity);
    EXPECT_GT(now, 0.999 * before) << severity;
    before = now;
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryCorruption, ::testing::Range(size_t{0}, fifteen().size()),
                         [](const auto& test) { return std::string(fifteen()[test.param].name); });

TEST(ImageCorruptions, AreTheFifteenInFourGroups) {
  ASSERT_EQ(fifteen().size(), 15U);
  std::map<std::string, int> groups;
  for (const auto& entry : fifteen()) ++groups[entry.group];
  EXPECT_EQ(groups, (std::map<std::string, int>{
                        {"noise", 3}, {"blur", 4}, {"weather", 4}, {"digital", 4}}));
}

TEST(ImageCorruptions, HaveTheStrengthsOfTheirAuthors) {
  const Tensor grey = at::full({3, 64, 64}, 0.5F, at::kFloat);
  Rng rng(4);
  EXPECT_NEAR((corrupt(grey, "gaussian_noise", 3, rng) - 0.5).std().item<double>(), 0.08, 0.002);
  // Poisson: the variance of v is v / photons, on both sides of the switch at 50.
  EXPECT_NEAR((corrupt(grey, "shot_noise", 5, rng) - 0.5).var().item<double>(), 0.5 / 50, 5e-4);
  EXPECT_NEAR((corrupt(grey, "shot_noise", 2, rng) - 0.5).var().item<double>(), 0.5 / 250, 1e-4);
  const Tensor salted = corrupt(grey, "impulse_noise", 5, rng);
  EXPECT_NEAR((salted != 0.5).to(at::kFloat).mean().item<double>(), 0.07, 0.006);
  EXPECT_NEAR(corrupt(grey, "brightness", 4, rng).mean().item<double>(), 0.7, 1e-5);
  const Tensor x = picture(3, 32, 32, 5);
  const Tensor flat = corrupt(x, "contrast", 5, rng);
  for (int64_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(flat[c].std().item<double>(), 0.15 * x[c].std().item<double>(), 1e-4);
    EXPECT_NEAR(flat[c].mean().item<double>(), x[c].mean().item<double>(), 1e-4);
  }
  // What has no edges is not changed by blurs, nor by compression beyond a level.
  for (const char* name :
       {"defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "pixelate", "elastic"}) {
    EXPECT_LT((corrupt(grey, name, 5, rng) - 0.5).abs().max().item<double>(), 1e-5) << name;
  }
  EXPECT_LT((corrupt(grey, "jpeg", 5, rng) - 0.5).abs().max().item<double>(), 0.01);
}

TEST(ImageCorruptions, OfADataSetKeepLabelsAndAreDrawnFromTheSample) {
  const Tensor images = (at::empty({4, 3, 16, 16}, at::kFloat).fill_(0.5) * 255).to(at::kByte);
  const DatasetPtr data = with_corruption(memory_dataset(images), "gaussian_noise", 2, 0, 7);
  EXPECT_EQ(data->size(), 4);
  const Tensor one = data->get(1).parts[0];
  EXPECT_EQ(one.scalar_type(), at::kByte);
  EXPECT_TRUE(at::equal(one, data->get(1).parts[0]));
  EXPECT_FALSE(at::equal(one, data->get(2).parts[0]));
}

TEST(ImageCorruptions, AnUnknownNameOrSeverityIsNamed) {
  Rng rng(1);
  const Tensor x = picture(3, 8, 8, 1);
  try {
    corrupt(x, "gausian_noise", 1, rng);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("gaussian_noise"), std::string::npos) << error.what();
  }
  EXPECT_THROW(corrupt(x, "fog", 0, rng), UserError);
  EXPECT_THROW(corrupt(x, "fog", 6, rng), UserError);
}

}  // namespace
}  // namespace likewise::image_corruption_tests
