#include "likewise/train/profile.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace likewise {
namespace {

TEST(Profile, DropsTheFirstStepsAndItsSharesAreAWhole) {
  Profile profile;
  Profile::Work work;
  EXPECT_NE(profile.text(work).find("no step"), std::string::npos);
  for (int step = 0; step < 8; ++step) {
    EXPECT_EQ(profile.counting(), step >= 5);
    volatile double x = 0;
    for (int i = 0; i < 20000; ++i) x = x + 1;
    profile.end(Phase::kForward);
    for (int i = 0; i < 60000; ++i) x = x + 1;
    profile.end(Phase::kBackward);
    profile.end_step();
  }
  EXPECT_EQ(profile.steps(), 3);
  work.views = 3 * 16;
  work.precision = "bf16";
  work.peaks.fp32 = work.peaks.bf16_matrix = 1e12;
  const std::string text = profile.text(work);
  const std::regex share("  [a-z, ]+ +([0-9.]+) % +[0-9.]+ ms");
  double total = 0;
  int rows = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), share), end; it != end; ++it, ++rows) {
    total += std::stod((*it)[1]);
  }
  EXPECT_EQ(rows, kPhases - 1) << text;  // without learned views
  EXPECT_NEAR(total, 100, 0.5) << text;
}

TEST(Profile, CountsTheFloatingPointOperationsOfForwardAndBackward) {
  Profile profile;
  for (int step = 0; step < 6; ++step) profile.end_step();
  Profile::Work work;
  work.views = 1;
  work.multiply_adds = 5e6;
  EXPECT_NE(profile.text(work).find("30.0 MFLOP a view"), std::string::npos) << profile.text(work);
}

}  // namespace
}  // namespace likewise
