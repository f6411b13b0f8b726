#include "likewise/optim/schedule.hpp"

#include <gtest/gtest.h>

#include "likewise/base/error.hpp"
#include "support/golden.hpp"

namespace likewise {
namespace {

class GoldenWarmup : public testing::TestWithParam<const char*> {};

TEST_P(GoldenWarmup, GivesTheSameRates) {
  const Golden golden("schedules");
  const auto& given = golden.entry(GetParam()).at("options");
  const auto expected = golden.values(GetParam(), "out");
  ScheduleOptions options;
  options.warmup = given.at("warmup");
  options.floor = given.at("end");
  options.warmup_start = given.at("warmup_start");
  ASSERT_FALSE(expected.empty());
  for (size_t t = 0; t < expected.size(); ++t) {
    EXPECT_NEAR(learning_rate(options, given.at("lr"), t, given.at("total")), expected[t], 1e-12)
        << t;
  }
}

INSTANTIATE_TEST_SUITE_P(Schedule, GoldenWarmup,
                         testing::Values("cosine_warmup_1", "cosine_warmup_no_warmup",
                                         "cosine_warmup_floor", "cosine_warmup_start"),
                         [](const auto& item) { return std::string(item.param); });

TEST(Schedule, BuildingBlocksAgreeWithGoldenValues) {
  const Golden golden("schedules");
  const auto check = [&](const std::string& name, const auto& at) {
    const auto expected = golden.values(name, "out");
    const auto& given = golden.entry(name).at("options");
    for (size_t t = 0; t < expected.size(); ++t) {
      EXPECT_NEAR(at(given, static_cast<double>(t)), expected[t], 1e-10) << name << " " << t;
    }
  };
  const auto lightly = [](const auto& o, double t) {
    return cosine_between(o.at("start"), o.at("end"),
                          t / (o.at("total").template get<double>() - 1));
  };
  check("cosine_schedule_1", lightly);
  check("cosine_schedule_weight_decay", lightly);
  check("cosine_annealing_torch", [](const auto& o, double t) {
    return cosine_between(o.at("lr"), o.at("eta_min"), t / o.at("total").template get<double>());
  });
  check("linear_warmup", [](const auto& o, double t) {
    return linear_between(o.at("start"), o.at("end"), t / o.at("warmup").template get<double>());
  });
  check("cosine_warmup_timm", [](const auto& o, double t) {
    const double warmup = o.at("warmup"), total = o.at("total");
    return t < warmup ? linear_between(o.at("warmup_lr_init"), o.at("lr"), t / warmup)
                      : cosine_between(o.at("lr"), o.at("lr_min"), t / total);
  });
}

TEST(Schedule, WarmUpIsAPartOfTheRunOrANumberOfSteps) {
  ScheduleOptions part, steps;
  part.warmup = 0.1;
  steps.warmup = 10;
  for (int t = 0; t < 100; ++t) {
    EXPECT_EQ(learning_rate(part, 2, t, 100), learning_rate(steps, 2, t, 100));
  }
  EXPECT_NEAR(learning_rate(part, 2, 0, 100), 0.2, 1e-12);
  EXPECT_EQ(learning_rate(part, 2, 9, 100), 2);
  EXPECT_EQ(learning_rate(part, 2, 10, 100), 2);
  EXPECT_NEAR(learning_rate(part, 2, 99, 100), 0, 1e-12);
  EXPECT_NEAR(learning_rate(part, 2, 150, 100), 0, 1e-12);
}

TEST(Schedule, HasOtherCourses) {
  ScheduleOptions options;
  options.warmup = 0;
  options.floor = 0.5;
  options.name = "linear";
  EXPECT_NEAR(learning_rate(options, 1, 5, 11), 0.75, 1e-12);
  options.name = "constant";
  EXPECT_EQ(learning_rate(options, 1, 10, 11), 1);
  options.name = "cosin";
  EXPECT_THROW(learning_rate(options, 1, 5, 11), UserError);
}

TEST(Schedule, FollowsAFractionOfTheRun) {
  ScheduleOptions options;
  options.warmup = 0.2;
  options.warmup_start = 0.5;
  options.floor = 0.1;
  EXPECT_NEAR(learning_rate_at(options, 1, 0), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(options, 1, 0.1), 0.75, 1e-12);
  EXPECT_NEAR(learning_rate_at(options, 1, 0.2), 1, 1e-12);
  EXPECT_NEAR(learning_rate_at(options, 1, 0.6), 0.55, 1e-12);
  EXPECT_NEAR(learning_rate_at(options, 1, 1), 0.1, 1e-12);
  EXPECT_NEAR(learning_rate_at(options, 1, 1.1), 0.1, 1e-12);
  options.warmup = 5;
  EXPECT_THROW(learning_rate_at(options, 1, 0.5), UserError);
}

TEST(Schedule, ARunOfOneStepLearns) {
  ScheduleOptions options;
  options.warmup = 0;
  EXPECT_EQ(learning_rate(options, 1, 0, 1), 1);
}

}  // namespace
}  // namespace likewise
