#include "likewise/train/auto_method.hpp"

#include <gtest/gtest.h>

#include <map>

#include "likewise/base/error.hpp"
#include "likewise/methods/catalogue.hpp"
#include "likewise/train/options.hpp"

namespace likewise {
namespace {

using Given = std::map<std::string, std::string>;

AutoFacts colour_photos(int64_t samples) {
  AutoFacts facts;
  facts.samples = facts.labelled = samples;
  facts.stats.height = facts.stats.width = 32;
  facts.stats.colour = 0.2;
  facts.stats.mean = facts.stats.std = {0.5, 0.5, 0.5};
  return facts;
}

std::map<std::string, std::string> decide(const AutoFacts& facts, const Given& given = {}) {
  std::map<std::string, std::string> out;
  for (const AutoRule& rule : auto_rules(facts, [&](std::string_view key) {
         const auto found = given.find(std::string(key));
         return found == given.end() ? std::string() : found->second;
       })) {
    EXPECT_FALSE(rule.because.empty()) << rule.option;
    EXPECT_FALSE(rule.source.empty()) << rule.option;
    if (!rule.option.empty()) out[rule.option] = rule.value;
  }
  return out;
}

TEST(AutoMethod, ChoosesByDataBudgetAndEncoder) {
  const AutoFacts facts = colour_photos(50000);
  auto plain = decide(facts);
  EXPECT_EQ(plain["method"], "simclr");
  EXPECT_EQ(plain["batch"], "256");
  EXPECT_EQ(plain["views.recipe"], "cifar");
  EXPECT_EQ(plain["steps"], "4000");
  EXPECT_EQ(plain["optim.name"], "adamw");
  EXPECT_EQ(plain.count("loss.decoupled"), 0U);
  EXPECT_EQ(decide(facts, {{"epochs", "800"}})["method"], "byol");
  EXPECT_EQ(decide(facts, {{"epochs", "100"}})["method"], "simclr");
  EXPECT_EQ(decide(colour_photos(126000), {{"epochs", "800"}})["method"], "simclr");
  auto transformer = decide(facts, {{"encoder", "vit_small"}});
  EXPECT_EQ(transformer["method"], "moco_v3");
  EXPECT_EQ(transformer["optim.lr"], "1.5e-4");
  EXPECT_EQ(decide(facts, {{"per_class", "4"}})["method"], "supcon");
}

TEST(AutoMethod, SmallBatchesAreDecoupledAndLargeOnesUseLars) {
  auto few = decide(colour_photos(40));
  EXPECT_EQ(few["batch"], "40");
  EXPECT_EQ(few["loss.decoupled"], "true");
  EXPECT_EQ(few["steps"], "1000");  // 1,000 epochs of one step
  EXPECT_EQ(decide(colour_photos(50000), {{"batch", "4096"}})["optim.name"], "lars");
}

TEST(AutoMethod, GrayPhotographsTakeWhatWasMeasuredOnFashionMnist) {
  AutoFacts facts = colour_photos(60000);
  facts.stats.channels = 1;
  facts.stats.colour = 0;
  facts.stats.two_valued = 0.7;
  facts.stats.plain_border = 0.9;
  auto found = decide(facts);
  EXPECT_EQ(found["views.recipe"], "gray_photo");
  EXPECT_EQ(found["loss.temperature"], "0.5");
  EXPECT_EQ(found["views.crop_min"], "0.2");
}

TEST(AutoMethod, WhatIsGivenIsNotDecidedAgain) {
  const auto found = decide(colour_photos(50000),
                            {{"batch", "128"}, {"minutes", "5"}, {"views.recipe", "natural"}});
  for (const char* key : {"batch", "steps", "views.recipe"}) EXPECT_EQ(found.count(key), 0U) << key;
}

TEST(AutoMethod, ItsWordsAreOptionsOfTheMethodThatItChose) {
  for (const Given& given :
       {Given{}, Given{{"epochs", "800"}}, Given{{"encoder.name", "vit_tiny"}},
        Given{{"per_class", "4"}}, Given{{"batch", "32"}}, Given{{"batch", "4096"}}}) {
    const auto rules = auto_rules(colour_photos(50000), [&](std::string_view key) {
      const auto found = given.find(std::string(key));
      return found == given.end() ? std::string() : found->second;
    });
    PretrainOptions options;
    const auto method = find_method(rules.at(0).value).make_options();
    Fields fields(options);
    method->describe(fields);
    EXPECT_NO_THROW(parse_arguments(auto_words(rules), fields));
    EXPECT_EQ(options.method, rules.at(0).value);
    EXPECT_NE(auto_text(colour_photos(50000), rules).find("source: "), std::string::npos);
  }
}

TEST(AutoMethod, NeedsData) {
  EXPECT_THROW(auto_facts([](std::string_view) { return std::string(); }), UserError);
}

}  // namespace
}  // namespace likewise
