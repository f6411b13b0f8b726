#include "likewise/base/options.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"

namespace likewise {
namespace {

struct InnerOptions {
  std::string path = "here";
  int64_t max_bad = 100;
  template <class V>
  void fields(V& v) {
    v("path", path, "where the data is");
    v("max_bad", max_bad, "how many broken samples to skip", range(0, 1e9));
  }
};

struct OuterOptions {
  double temperature = 0.5;
  double crop = std::numeric_limits<double>::quiet_NaN();
  bool decoupled = false;
  std::string optim = "sgd";
  std::vector<double> mean = {0.5, 1};
  InnerOptions data;
  template <class V>
  void fields(V& v) {
    v("temperature", temperature, "softmax temperature", range(0.01, 10));
    v("crop", crop, "smallest crop");
    v("decoupled", decoupled, "leave the positive out");
    v("optim", optim, "optimiser", choices({"sgd", "adamw"}));
    v("mean", mean, "channel means");
    v.group("data", data);
  }
};

std::string error_of(const std::vector<std::string>& words) {
  OuterOptions options;
  Fields fields(options);
  try {
    parse_arguments(words, fields);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(Options, CommandLineSetsEveryKind) {
  OuterOptions options;
  Fields fields(options);
  const auto rest = parse_arguments({"--temperature", "0.2", "--decoupled", "--optim=adamw", "--mean",
                                     "0.1,0.25", "--data", "there", "--data.max_bad", "3", "runs/a"},
                                    fields);
  EXPECT_DOUBLE_EQ(options.temperature, 0.2);
  EXPECT_TRUE(options.decoupled);
  EXPECT_EQ(options.optim, "adamw");
  EXPECT_EQ(options.mean, (std::vector<double>{0.1, 0.25}));
  EXPECT_EQ(options.data.path, "there");  // a group alone stands for its first field
  EXPECT_EQ(options.data.max_bad, 3);
  EXPECT_EQ(rest.positional, std::vector<std::string>{"runs/a"});
}

TEST(Options, AFlagCanBeDenied) {
  OuterOptions options;
  options.decoupled = true;
  Fields fields(options);
  parse_arguments({"--no-decoupled"}, fields);
  EXPECT_FALSE(options.decoupled);
}

TEST(Options, HyphensStandForUnderscores) {
  OuterOptions options;
  Fields fields(options);
  parse_arguments({"--data.max-bad", "7"}, fields);
  EXPECT_EQ(options.data.max_bad, 7);
  parse_arguments({"--data.max_bad=8"}, fields);
  EXPECT_EQ(options.data.max_bad, 8);
  EXPECT_EQ(peek_argument({"--max-bad", "9"}, "max_bad", ""), "9");
  EXPECT_EQ(peek_argument({"--max-bad=9"}, "max_bad", ""), "9");
  EXPECT_EQ(peek_argument({"--max-bads=9", "max-bad"}, "max_bad", "none"), "none");
  EXPECT_THROW(parse_arguments({"--data.max+bad", "7"}, fields), UserError);
}

TEST(Options, AMisspeltKeyNamesTheNearest) {
  EXPECT_EQ(error_of({"--temprature", "1"}),
            "--temprature: unknown option 'temprature', did you mean 'temperature'?");
  EXPECT_EQ(error_of({"--max_bda", "1"}),
            "--max_bda: unknown option 'max_bda', did you mean 'data.max_bad'?");
}

TEST(Options, AnUnacceptableValueSaysWhatIsAccepted) {
  EXPECT_EQ(error_of({"--temperature", "0"}),
            "--temperature: '0' is not a value of temperature; accepted: a number from 0.01 to 10");
  EXPECT_EQ(error_of({"--optim", "lion"}),
            "--optim: 'lion' is not a value of optim; accepted: sgd|adamw");
  EXPECT_NE(error_of({"--temperature", "nan"}), "");
  EXPECT_NE(error_of({"--data.max_bad", "1.5"}), "");
  EXPECT_NE(error_of({"--temperature"}), "");
}

TEST(Options, WritingAndReadingTomlGivesTheSameText) {
  OuterOptions options;
  options.temperature = 0.07;
  options.data.path = "a \"quoted\" \\ path\n";
  const std::string text = Fields(options).to_toml();
  OuterOptions read;
  Fields fields(read);
  fields.read_toml(text, "run.toml");
  EXPECT_EQ(read.data.path, options.data.path);
  EXPECT_TRUE(std::isnan(read.crop));
  EXPECT_EQ(fields.to_toml(), text);
}

TEST(Options, ErrorsInARunFileNameTheLine) {
  OuterOptions options;
  Fields fields(options);
  try {
    fields.read_toml("temperature = 0.1\n[data]\nmax_bat = 2\n", "run.toml");
    FAIL() << "a misspelt key was accepted";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "run.toml:3: unknown option 'data.max_bat', did you mean 'data.max_bad'?");
  }
  EXPECT_THROW(fields.read_toml("temperature = = 1", "run.toml"), UserError);
}

TEST(Options, AGroupNameMayBeAPlainKeyInARunFile) {
  OuterOptions options;
  Fields fields(options);
  fields.read_toml("data = \"there\"", "run.toml");
  EXPECT_EQ(options.data.path, "there");
}

TEST(Options, PeekFindsAValueBeforeTheOptionsAreKnown) {
  EXPECT_EQ(peek_argument({"--method", "byol", "--x", "1"}, "method", "simclr"), "byol");
  EXPECT_EQ(peek_argument({"--method=moco"}, "method", "simclr"), "moco");
  EXPECT_EQ(peek_argument({"--other", "1"}, "method", "simclr"), "simclr");
}

}  // namespace
}  // namespace likewise
