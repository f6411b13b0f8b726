#include "likewise/eval/loss_curve.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "likewise/base/random.hpp"

namespace likewise {
namespace {

// A record every 20 steps, warm-up over the first twentieth, then a cosine; f and g give loss and
// gradient norm for a part of the run done. `noise` is relative to the loss.
std::vector<CurvePoint> curve_of(const std::function<double(double)>& loss,
                                 const std::function<double(double)>& norm, double noise = 0.01,
                                 size_t records = 80) {
  Rng rng(5);
  std::vector<CurvePoint> curve;
  for (size_t i = 0; i < records; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(records);
    const double rate = std::min(1.0, 20 * t) * (1 + std::cos(3.14159 * t)) / 2;
    const double g = norm(t) * (1 + 0.1 * rng.normal());
    curve.push_back({20.0 * static_cast<double>(i + 1), loss(t) * (1 + noise * rng.normal()), g,
                     1.5 * g, rate});
  }
  return curve;
}

double flat(double) { return 1; }
double falling(double t) { return 2 + 4 * std::exp(-5 * t); }

bool says(const std::string& verdict, const char* name) { return verdict.rfind(name, 0) == 0; }

TEST(LearningRate, GoodCurvesAreNoAlarm) {
  EXPECT_EQ(learning_rate_verdict(curve_of(falling, flat), 1.5), "");
  EXPECT_EQ(learning_rate_verdict(curve_of(falling, [](double t) { return 1 + 9 * t; }), 8), "");
  // MoCo while the queue fills: the loss rises thirtyfold, the gradient too.
  const auto filling = [](double t) { return t < 0.1 ? 0.2 + 60 * t : 4 + 2.2 * std::exp(-4 * t); };
  EXPECT_EQ(learning_rate_verdict(
                curve_of(filling, [](double t) { return t < 0.1 ? 0.1 + 20 * t : 2; }), 1.5),
            "");
  // BYOL: falls at once, then rises by a little as the target learns.
  const auto byol = [](double t) { return 4 * std::exp(-60 * t) + 0.3 + 0.3 * t; };
  EXPECT_EQ(learning_rate_verdict(curve_of(byol, flat), 1.5), "");
  // A warm temperature: the loss hardly moves, the weights do.
  EXPECT_EQ(learning_rate_verdict(curve_of([](double t) { return 6.2 - 0.05 * t; }, flat), 1.2),
            "");
  // One spike is an accident.
  auto once = curve_of(falling, flat);
  once[60].largest_norm = 50;
  EXPECT_EQ(learning_rate_verdict(once, 1.5), "");
  EXPECT_EQ(learning_rate_verdict({}, 0.01), "");
}

TEST(LearningRate, TooHighIsNamedWithItsEvidence) {
  // Falls, comes back, and spikes.
  auto back = curve_of([](double t) { return t < 0.3 ? 6 - 10 * t : 3 + 4 * (t - 0.3); }, flat);
  for (size_t i = 45; i < back.size(); i += 6) back[i].largest_norm = 40;
  const std::string found = learning_rate_verdict(back, 1.5);
  EXPECT_TRUE(says(found, "learning rate too high:")) << found;
  EXPECT_NE(found.find("times their median"), std::string::npos) << found;
  // The same without spikes is another trouble.
  EXPECT_EQ(
      learning_rate_verdict(
          curve_of([](double t) { return t < 0.3 ? 6 - 10 * t : 3 + 4 * (t - 0.3); }, flat), 1.5),
      "");
  // Never leaves its start although the weights are rewritten.
  const std::string lost = learning_rate_verdict(curve_of([](double) { return 6.2; }, flat), 300);
  EXPECT_TRUE(says(lost, "learning rate too high:")) << lost;
  EXPECT_NE(lost.find("300 times their own length"), std::string::npos) << lost;
}

TEST(LearningRate, TooLowIsNamedWithItsEvidence) {
  const auto hardly = curve_of([](double t) { return 6.2 - 0.02 * t; }, flat, 0.001);
  const std::string found = learning_rate_verdict(hardly, 0.004);
  EXPECT_TRUE(says(found, "learning rate too low:")) << found;
  EXPECT_NE(found.find("1600 steps"), std::string::npos) << found;
  EXPECT_NE(found.find("0.4 %"), std::string::npos) << found;
  // Not before the warm-up is over, and not where the gradient dies away: that is a collapse.
  const std::vector<CurvePoint> early(hardly.begin(), hardly.begin() + 12);
  EXPECT_EQ(learning_rate_verdict(early, 0.004), "");
  EXPECT_EQ(
      learning_rate_verdict(
          curve_of([](double) { return 6.2; }, [](double t) { return std::exp(-9 * t); }), 0.05),
      "");
}

}  // namespace
}  // namespace likewise
