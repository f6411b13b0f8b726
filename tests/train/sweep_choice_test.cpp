#include "likewise/train/sweep_choice.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"

namespace likewise {
namespace {

Figures figures(double knn, double linear) {
  Figures out;
  out.columns = {"kNN", "linear"};
  out.values[{"Likewise", "kNN"}] = knn;
  out.values[{"Likewise", "linear"}] = linear;
  return out;
}

RunFacts run(const std::string& health, double rank) {
  RunFacts facts;
  facts.health = health;
  facts.rank = rank;
  facts.alignment = 0.4;
  facts.uniformity = -3;
  return facts;
}

SettingFigures setting(const std::string& name) {
  SettingFigures out;
  out.name = name;
  return out;
}

TEST(SweepChoice, ByHealthAGoodVerdictComesBeforeALargeRank) {
  SettingFigures a = setting("a"), b = setting("b"), c = setting("c");
  a.runs = {run("healthy", 20), run("healthy", 22)};
  b.runs = {run("healthy", 90), run("cluster collapse", 90)};
  c.runs = {run("healthy", 30), run("healthy", 26)};
  a.seeds = {figures(0.9, 0.9)};  // test figures, of no effect
  const SweepChoice choice = choose_by_health({a, b, c});
  EXPECT_EQ(choice.index, 2U);
  EXPECT_NE(choice.reason.find("'c' is chosen by health"), std::string::npos) << choice.reason;
  EXPECT_NE(choice.reason.find("RankMe of the features 28.0"), std::string::npos) << choice.reason;
  // Equal ranks: the smaller alignment + uniformity.
  SettingFigures d = c;
  for (RunFacts& facts : d.runs) facts.uniformity = -3.5;
  EXPECT_EQ(choose_by_health({a, c, d}).index, 2U);
}

TEST(SweepChoice, ByValidationTestFiguresHaveNoSay) {
  SettingFigures a = setting("a"), b = setting("b");
  a.seeds = {figures(0.9, 0.9)};
  b.seeds = {figures(0.1, 0.1)};
  a.validation = {figures(0.5, 0.6), figures(0.5, 0.6)};
  b.validation = {figures(0.4, 0.7), figures(0.4, 0.7)};
  EXPECT_EQ(choose_by_validation({a, b}, "").index, 1U);  // the linear probe
  EXPECT_EQ(choose_by_validation({a, b}, "kNN").index, 0U);
  EXPECT_THROW(choose_by_validation({a, b}, "5 labels"), UserError);
  EXPECT_THROW(choose_by_validation({setting("empty")}, ""), UserError);
}

TEST(ResultsTable, MarksTheChosenSettingAndShowsItsValidation) {
  SettingFigures a = setting("a"), b = setting("b");
  a.seeds = b.seeds = {figures(0.5, 0.5)};
  a.validation = b.validation = {figures(0.25, 0.75)};
  b.chosen = true;
  const std::string table = markdown_table({a, b});
  EXPECT_NE(table.find("| validation: kNN | validation: linear |"), std::string::npos) << table;
  EXPECT_NE(table.find("| b ← chosen | 50.0 | 50.0 | 25.0 | 75.0 |"), std::string::npos) << table;
  EXPECT_EQ(table.find("a ← chosen"), std::string::npos);
  const auto json = json_table({a, b});
  EXPECT_FALSE(json.at(0).contains("chosen"));
  EXPECT_TRUE(json.at(1).at("chosen").get<bool>());
  EXPECT_EQ(json.at(1).at("validation").at("linear").at("mean"), 0.75);
}

TEST(RunFacts, AreThoseOfTheLastLook) {
  const auto facts =
      run_facts({{"seconds", 90.0}, {"peak_mb", 200.0}},
                "{\"kind\":\"health\",\"rank\":3.5,\"verdict\":\"before training\"}\n"
                "{\"kind\":\"step\",\"loss\":3}\n"
                "{\"kind\":\"health\",\"rank\":31.5,\"alignment\":0.5,\"uniformity\":-2.5,"
                "\"verdict\":\"healthy: all well\"}\n"
                "{\"kind\":\"health\",\"verd");
  EXPECT_EQ(facts.health, "healthy");
  EXPECT_EQ(facts.rank, 31.5);
  EXPECT_EQ(facts.alignment, 0.5);
  EXPECT_EQ(facts.uniformity, -2.5);
  EXPECT_EQ(facts.minutes, 1.5);
}

}  // namespace
}  // namespace likewise
