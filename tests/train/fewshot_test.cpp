#include "likewise/train/fewshot.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/fewshot/maml.hpp"
#include "likewise/fewshot/prototypical.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/few_label_choice.hpp"
#include "likewise/train/run_folder.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

// `classes` folders of grey images of 16 pixels, each a noisy pattern of its own.
void write_patterns(const fs::path& folder, int classes, int per_class, uint64_t seed) {
  for (int c = 0; c < classes; ++c) {
    std::vector<float> pattern(256), noise(256);
    Rng(seed, {static_cast<uint64_t>(c)}).fill_normal(pattern.data(), 256);
    for (int i = 0; i < per_class; ++i) {
      Rng(seed, {static_cast<uint64_t>(c), static_cast<uint64_t>(i)})
          .fill_normal(noise.data(), 256);
      Image image{16, 16, 1, std::vector<uint8_t>(256)};
      for (size_t p = 0; p < 256; ++p) {
        image.pixels[p] =
            static_cast<uint8_t>(std::clamp(128 + 40 * pattern[p] + 20 * noise[p], 0.0F, 255.0F));
      }
      write_file(folder / ("class" + std::to_string(c)) / (std::to_string(i) + ".png"),
                 encode_png(image));
    }
  }
}

FewShotOptions few_options(const fs::path& folder, const std::string& run,
                           const std::string& method = "prototypical") {
  FewShotOptions options;
  options.data.path = (folder / "train").string();
  options.out = (folder / run).string();
  options.method = method;
  options.encoder.name = "conv4";
  options.encoder.width = 8;
  options.ways = 3;
  options.shots = 1;
  options.queries = 2;
  options.tasks = 2;
  options.episodes = 24;
  options.valid.share = 0.4;
  options.valid.every = 6;
  options.valid.episodes = 4;
  options.test.ways = {3};
  options.test.shots = {1};
  options.test.queries = 2;
  options.test.episodes = 6;
  options.progress = "none";
  return options;
}

FewShotResult train_few(FewShotOptions options) {
  const auto method = fewshot::find_method(options.method).make_options();
  Fields fields(options);
  method->describe(fields);
  return train_fewshot(options, *method, fields);
}

// A method that asks the process to stop after `stop_after` batches, once.
template <class M>
class StoppingFew : public M {
 public:
  using M::M;
  inline static int64_t stop_after = 0;
  double accumulate(const fewshot::EpisodeBatch& batch, double fraction) override {
    if (stop_after > 0 && --stop_after == 0) std::raise(SIGTERM);
    return M::accumulate(batch, fraction);
  }
};
using MamlPlus = fewshot::MamlVariant<fewshot::MamlPlusOptions>;

class FewShotTraining : public ::testing::Test {
 protected:
  FewShotTraining() {
    write_patterns(folder_ / "train", 15, 6, 1);
    write_patterns(folder_ / "test", 5, 6, 2);
  }
  std::vector<uint8_t> checkpoint(const std::string& name) const {
    return read_bytes(RunFolder{folder_ / name}.checkpoint());
  }
  TemporaryFolder folder_;
};

template <class M>
void stop_and_resume(const fs::path& folder, const std::string& name, bool distorted) {
  const auto train = [&](const std::string& run, bool resume) {
    FewShotOptions options = few_options(folder, run, name);
    options.resume = resume;
    options.distort.affine = distorted;
    fewshot::MethodOptionsOf<StoppingFew<M>> method;
    Fields fields(options);
    method.describe(fields);
    return train_fewshot(options, method, fields);
  };
  EXPECT_FALSE(train("whole-" + name, false).interrupted);
  StoppingFew<M>::stop_after = 5;
  const auto stopped = train("parts-" + name, false);
  EXPECT_TRUE(stopped.interrupted);
  EXPECT_EQ(stopped.episodes, 10);
  EXPECT_FALSE(train("parts-" + name, true).interrupted);
}

TEST_F(FewShotTraining, AStoppedRunEndsInTheBitsOfOneThatWasNot) {
  stop_and_resume<fewshot::Prototypical>(folder_.path(), "prototypical", true);
  EXPECT_EQ(checkpoint("whole-prototypical"), checkpoint("parts-prototypical"));
}

TEST_F(FewShotTraining, AStoppedRunOfMamlPlusHasTheStatisticsOfEveryStep) {
  stop_and_resume<MamlPlus>(folder_.path(), "maml_pp", false);
  EXPECT_EQ(checkpoint("whole-maml_pp"), checkpoint("parts-maml_pp"));
  const Checkpoint read = load_checkpoint(RunFolder{folder_ / "whole-maml_pp"}.checkpoint());
  for (const std::string set : {"bn0", "bn5"}) {
    const auto tensors = with_prefix(read.tensors, "model.net.block0." + set + ".");
    ASSERT_EQ(tensors.size(), 5U) << set;
    for (const auto& [name, tensor] : tensors) {
      // 12 steps of 2 tasks.
      if (name != "num_batches_tracked") continue;
      EXPECT_GE(tensor.item<int64_t>(), 24);
    }
  }
}

TEST_F(FewShotTraining, DistortionsChangeTrainingAloneAndLookWithinDomainsIsChecked) {
  FewShotOptions plain = few_options(folder_.path(), "plain");
  plain.episodes = 4;
  FewShotOptions other = plain;
  other.out = (folder_ / "distorted").string();
  other.distort.affine = true;
  train_few(plain);
  train_few(other);
  EXPECT_NE(checkpoint("plain"), checkpoint("distorted"));
  other.overwrite = true;
  other.valid.within_domains = true;
  EXPECT_THROW(train_few(other), UserError) << "no domains";
}

TEST_F(FewShotTraining, TestClassesChangeNothing) {
  FewShotOptions with = few_options(folder_.path(), "with");
  with.test.data = (folder_ / "test").string();
  train_few(with);
  train_few(few_options(folder_.path(), "without"));
  EXPECT_EQ(checkpoint("with"), checkpoint("without"));
}

TEST_F(FewShotTraining, LeavesFiguresAReportAndAnEncoderForOtherCommands) {
  FewShotOptions options = few_options(folder_.path(), "run");
  options.test.data = (folder_ / "test").string();
  options.data.quarter_turns = true;
  options.test.norms = "inductive,support,transductive";
  const FewShotResult result = train_few(options);
  EXPECT_GE(result.validation, 0);
  const RunFolder files{folder_ / "run"};
  const auto evaluation = nlohmann::json::parse(read_text(files.evaluation()));
  ASSERT_EQ(evaluation["episodes"].size(), 9U);  // 3 modes, with untrained and pixels
  for (const auto& row : evaluation["episodes"]) {
    EXPECT_EQ(row["accuracy"]["n"], 6);
    EXPECT_EQ(row["classes"], 20);
    EXPECT_FALSE(row["norm"].get<std::string>().empty());
  }
  const std::string page = read_text(files.report());
  EXPECT_NE(page.find("Episode 1"), std::string::npos);
  EXPECT_NE(page.find("batch norm transductive"), std::string::npos);

  const TrainedEncoder encoder = load_encoder(files.root);
  const Checkpoint checkpoint = load_checkpoint(files.checkpoint());
  EXPECT_TRUE(
      at::equal(encoder.encoder->named_parameters()["blocks.0.conv.weight"],
                with_prefix(checkpoint.tensors, "best.encoder.blocks.0.conv.").at(0).second));
  EXPECT_TRUE(is_fewshot_run(files.root));
  const TrainedFewShot trained = load_fewshot(files.root);
  EXPECT_EQ(trained.options.ways, 3);
  EXPECT_TRUE(trained.options.data.quarter_turns);
}

TEST_F(FewShotTraining, WorksForLearnersThatAdapt) {
  for (const std::string method : {"maml", "reptile"}) {
    FewShotOptions options = few_options(folder_.path(), method, method);
    options.test.data = (folder_ / "test").string();
    options.episodes = 8;
    if (method == "reptile") options.queries = 0;
    train_few(options);
    const auto evaluation =
        nlohmann::json::parse(read_text(RunFolder{folder_ / method}.evaluation()));
    EXPECT_EQ(evaluation["episodes"][0]["norm"], "transductive") << method;
    EXPECT_THROW(load_encoder(folder_ / method), DataError);
    EXPECT_NO_THROW(load_fewshot(folder_ / method));
  }
}

TEST_F(FewShotTraining, SaysWhatCannotBe) {
  const auto message = [&](auto&& change) {
    FewShotOptions options = few_options(folder_.path(), "bad");
    options.overwrite = true;
    change(options);
    try {
      train_few(options);
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const auto expect = [&](auto&& change, const std::string& part) {
    const std::string text = message(change);
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  expect([](FewShotOptions& o) { o.data.path = ""; }, "--data");
  expect([](FewShotOptions& o) { o.queries = 9; }, "the largest has 6");
  expect([](FewShotOptions& o) { o.ways = 16; }, "15 of 15 classes");
  expect([](FewShotOptions& o) { o.queries = 0; }, "only reptile learns without queries");
  expect([](FewShotOptions& o) { o.valid.domains = "Greek"; }, "no domain 'Greek'");
  expect(
      [&](FewShotOptions& o) {
        o.test.data = (folder_ / "test").string();
        o.test.norms = "batch";
      },
      "batch-norm mode 'batch'");
  fs::create_directories(folder_ / "flat");
  write_patterns(folder_ / "one", 1, 6, 3);
  for (int i = 0; i < 6; ++i) {
    fs::copy(folder_ / "one" / "class0" / (std::to_string(i) + ".png"),
             folder_ / "flat" / (std::to_string(i) + ".png"));
  }
  expect([&](FewShotOptions& o) { o.data.path = (folder_ / "flat").string(); },
         "no image has a label");
}

TEST(FewShotSchedule, FollowsThePapers) {
  FewShotOptions options;
  options.lr = 1e-3;
  options.episodes = 10000;
  options.schedule = "halving";
  EXPECT_DOUBLE_EQ(fewshot_rate(options, 1999), 1e-3);
  EXPECT_DOUBLE_EQ(fewshot_rate(options, 2000), 5e-4);
  EXPECT_DOUBLE_EQ(fewshot_rate(options, 9999), 1e-3 / 16);
  options.schedule = "linear";
  EXPECT_DOUBLE_EQ(fewshot_rate(options, 5000), 5e-4);
  options.schedule = "constant";
  EXPECT_DOUBLE_EQ(fewshot_rate(options, 5000), 1e-3);
}

FeatureSet clouds(int64_t classes, int64_t per_class) {
  FeatureSet set;
  set.y = at::arange(classes, at::kLong).repeat_interleave(per_class);
  set.x = at::zeros({classes * per_class, 6}, at::kFloat);
  for (int64_t i = 0; i < set.x.size(0); ++i) {
    float* row = set.x.data_ptr<float>() + 6 * i;
    Rng(1, {static_cast<uint64_t>(i)}).fill_normal(row, 6);
    row[i / per_class] += 4;
  }
  for (int64_t c = 0; c < classes; ++c) set.class_names.push_back("c" + std::to_string(c));
  return set;
}

TEST(FewLabelChoice, MeasuresEveryHeadOnTheSameDrawsAndNamesTheBest) {
  FewLabelChoiceOptions options;
  options.draws = 5;
  options.shots = {1, 5, 50};
  const FewLabelChoice choice = choose_head(clouds(4, 20), options);
  EXPECT_EQ(choice.shots, (std::vector<int64_t>{1, 5}));
  ASSERT_EQ(choice.skipped.size(), 1U);
  EXPECT_NE(choice.skipped[0].find("class 'c0' has 20 images"), std::string::npos);
  for (const HeadRow& row : choice.rows) {
    EXPECT_GT(row.accuracy[1].mean, 0.85) << row.head;
    EXPECT_EQ(row.accuracy[1].n, 5);
  }
  for (const HeadRow& row : choice.rows) {
    EXPECT_FALSE(row.head == choice.best && row.transductive);
  }
  EXPECT_NE(choice.verdict.find("with 5 labels a class"), std::string::npos);
}

TEST(FewLabelChoice, RefusesWhatHasNoAnswer) {
  FewLabelChoiceOptions options;
  FeatureSet none = clouds(3, 4);
  none.y.fill_(-1);
  EXPECT_THROW(choose_head(none, options), UserError);
  EXPECT_THROW(choose_head(clouds(1, 9), options), UserError);
  options.shots = {4};
  EXPECT_THROW(choose_head(clouds(3, 4), options), UserError) << "nothing is left to be named";
}

}  // namespace
}  // namespace likewise
