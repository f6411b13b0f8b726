#include "likewise/methods/learned_views.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "likewise/base/error.hpp"
#include "likewise/nn/weights.hpp"
#include "support/tiny_methods.hpp"

namespace likewise {
namespace {

ViewmakerSpec small_spec() {
  ViewmakerSpec spec;
  spec.features = 1;
  spec.mean = {0.4};
  spec.std = {0.25};
  spec.high = 1;
  spec.shape = {.width = 4, .blocks = 2};
  return spec;
}

TEST(LearnedViews, SpendTheBudgetInPixelsWhateverTheNormalisation) {
  const LearnedViews views(small_spec(), Rng(1));
  const Tensor x = testing::noise_batch(4, 1, 2).views[0];
  const NoiseStream noise{Rng(3)};
  const Tensor view = views.view(x, noise);
  EXPECT_EQ(view.sizes(), x.sizes());
  const Tensor moved = (view - x) * 0.25;
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(moved[i].abs().mean().item<double>(), 0.05, 1e-4);
  }
  const Tensor half = views.perturbation(x, noise, 0.5);
  EXPECT_NEAR(half.abs().mean().item<double>(), 0.025, 1e-4);
}

TEST(LearnedViews, ClampKeepsPixelsInTheirRange) {
  ViewmakerSpec spec = small_spec();
  spec.clamp = true;
  spec.budget = 0.5;
  const LearnedViews views(spec, Rng(1));
  const Tensor pixels = views.view(testing::noise_batch(4, 1, 2).views[0], {Rng(3)}) * 0.25 + 0.4;
  EXPECT_GE(pixels.min().item<float>(), -1e-6);
  EXPECT_LE(pixels.max().item<float>(), 1 + 1e-6);
  spec.low = spec.high = 0;
  EXPECT_THROW(LearnedViews(spec, Rng(1)), UserError);
}

TEST(LearnedViews, ABatchIsPerturbedViewByViewAndThePlainOneIsNot) {
  const LearnedViews views(small_spec(), Rng(1));
  Batch batch = testing::noise_batch(4, 3, 2);
  batch.views[2] = batch.views[1];
  ViewStrength strength;
  const Batch made = views.views(batch, Rng(5), 1, /*plain_first=*/true, &strength);
  EXPECT_TRUE(at::equal(made.views[0], batch.views[0]));
  EXPECT_FALSE(at::allclose(made.views[1], made.views[2]));  // noise of their own
  EXPECT_NEAR(strength.size, 0.05, 1e-4);
  EXPECT_GT(strength.beyond, 0);
  EXPECT_TRUE(at::equal(made.labels, batch.labels));
  const Batch again = views.views(batch, Rng(5), 1, true);
  EXPECT_TRUE(at::equal(made.views[2], again.views[2]));
}

TEST(LearnedViews, AreDrawnFromSeedStepTurnAndBatch) {
  const auto first = [](Rng rng) { return rng.next_u64(); };
  const uint64_t base = first(viewmaker_noise(1, 2, 0, 0));
  EXPECT_EQ(base, first(viewmaker_noise(1, 2, 0, 0)));
  EXPECT_NE(base, first(viewmaker_noise(2, 2, 0, 0)));
  EXPECT_NE(base, first(viewmaker_noise(1, 3, 0, 0)));
  EXPECT_NE(base, first(viewmaker_noise(1, 2, 1, 0)));
  EXPECT_NE(base, first(viewmaker_noise(1, 2, 0, 1)));
}

TEST(LearnedViews, DiversityIsZeroWhereNoiseHasNoWeight) {
  ViewmakerSpec spec = small_spec();
  const LearnedViews views(spec, Rng(1));
  const Tensor x = testing::noise_batch(4, 1, 2).views[0];
  const double lively = views.diversity(x, Rng(4));
  EXPECT_GT(lively, 0);
  EXPECT_LE(lively, 1);
  const at::NoGradGuard no_grad;
  for (auto& item : views.network()->named_parameters()) {
    // The last input channel of every layer that noise enters.
    const std::string& name = item.key();
    if (name == "down0.weight") item.value().select(1, 1).zero_();
    if (name == "residual0.weight") item.value().select(1, 16).zero_();
    if (name == "residual2.weight") item.value().select(1, 17).zero_();
    if (name == "residual2.weight") item.value().select(1, 16).zero_();
    if (name == "up0.weight") item.value().narrow(1, 16, 2).zero_();
    // What else the noise channels of the first block feed: its own sum.
    if (name == "residual0.weight" || name == "residual1.weight")
      item.value().select(1, 16).zero_();
  }
  EXPECT_NEAR(views.diversity(x, Rng(4)), 0, 1e-5);
}

TEST(LearnedViews, WorkOnSeriesVectorsAndCosines) {
  for (const char* kind : {"series", "vector", "image"}) {
    ViewmakerSpec spec;
    spec.kind = kind;
    spec.features = 3;
    spec.domain = "dct";
    spec.shape = {.width = 4, .blocks = 1};
    const LearnedViews views(spec, Rng(1));
    Tensor x = testing::noise_batch(6, 1, 2, 12).views[0];  // [6, 1, 12, 12]
    x = std::string(kind) == "image"    ? x.repeat({1, 3, 1, 1})
        : std::string(kind) == "series" ? x.reshape({6, 3, 48})
                                        : x.reshape({48, 18}).narrow(1, 0, 3);
    const Tensor view = views.view(x, {Rng(3)});
    EXPECT_EQ(view.sizes(), x.sizes());
    // What is bounded is the mean over cosines.
    const Tensor cosines = cosine_transform(view - x);
    EXPECT_NEAR(cosines[0].abs().mean().item<double>(), 0.05, 1e-3) << kind;
  }
}

TEST(LearnedViews, TheDescriptionSurvivesItsText) {
  ViewmakerSpec spec = small_spec();
  spec.norm = "l2";
  const ViewmakerSpec back = ViewmakerSpec::from_toml(spec.to_toml(), "a checkpoint");
  EXPECT_EQ(back.to_toml(), spec.to_toml());
  spec.mean.clear();
  spec.std.clear();
  EXPECT_TRUE(ViewmakerSpec::from_toml(spec.to_toml(), "a checkpoint").mean.empty());
  EXPECT_THROW(ViewmakerSpec::from_toml("kind = 'sound'", "a checkpoint"), DataError);
}

TEST(ViewmakerSchedule, RampFreezeAndEveryAreFunctionsOfTheStep) {
  ViewmakerOptions options;
  EXPECT_EQ(budget_part(options, 0), 1);
  options.ramp = 0.5;
  options.ramp_from = 0.2;
  EXPECT_DOUBLE_EQ(budget_part(options, 0), 0.2);
  EXPECT_DOUBLE_EQ(budget_part(options, 0.25), 0.6);
  EXPECT_DOUBLE_EQ(budget_part(options, 0.9), 1);
  EXPECT_TRUE(viewmaker_learns(options, {7, 10, 0.7}));
  options.every = 2;
  EXPECT_FALSE(viewmaker_learns(options, {7, 10, 0.7}));
  EXPECT_TRUE(viewmaker_learns(options, {8, 10, 0.8}));
  options.freeze = 0.75;
  EXPECT_FALSE(viewmaker_learns(options, {8, 10, 0.8}));
  EXPECT_TRUE(viewmaker_learns(options, {6, 10, 0.6}));
  options.from = "runs/a";
  options.train = false;
  EXPECT_FALSE(viewmaker_learns(options, {6, 10, 0.6}));
}

}  // namespace
}  // namespace likewise
