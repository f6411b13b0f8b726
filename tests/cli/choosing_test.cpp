// The program chooses: a method by rules, a setting of a sweep by health or by held-out labels.
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/program.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/formats/image.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

// Two classes of noisy colour images, bright or dark.
std::string write_classes(const fs::path& folder, int per_class) {
  for (int shade = 0; shade < 2; ++shade) {
    for (int i = 0; i < per_class; ++i) {
      Rng rng(7, {static_cast<uint64_t>(shade), static_cast<uint64_t>(i)});
      Image image{16, 16, 3, std::vector<uint8_t>(768)};
      for (auto& pixel : image.pixels) {
        pixel = static_cast<uint8_t>(rng.below(120) + static_cast<uint64_t>(100 * shade));
      }
      write_file(folder / (shade ? "bright" : "dark") / (std::to_string(i) + ".png"),
                 encode_png(image));
    }
  }
  return folder.string();
}

TEST(Choosing, ExplainPrintsRulesWithSourcesAndTrainsNothing) {
  const TemporaryFolder temporary;
  const std::string data = write_classes(temporary.path() / "data", 15);
  for (const std::string words : {"--method auto --explain", "--explain"}) {
    const auto result = run_program("pretrain --data " + data + " " + words);
    EXPECT_EQ(result.code, 0) << result.output;
    for (const char* part :
         {"--method simclr", "--batch 30", "--loss.decoupled true", "source: "}) {
      EXPECT_NE(result.output.find(part), std::string::npos) << part << "\n" << result.output;
    }
  }
  EXPECT_FALSE(fs::exists("runs"));
  expect_error(run_program("pretrain --data " + data + " --method byol --explain"), 2,
               "--method auto");
  expect_error(run_program("pretrain --method auto --explain"), 2, "--data");
  expect_error(run_program("pretrain --data " + data + " --explain --bacth 8"), 2, "batch");
}

TEST(Choosing, TheRunFileHoldsTheMethodThatWasChosen) {
  const TemporaryFolder temporary;
  const std::string data = write_classes(temporary.path() / "data", 15),
                    run = (temporary.path() / "run").string();
  const std::string small =
      " --encoder.width 4 --steps 2 --health.samples 0 --progress none --precision fp32";
  const auto result =
      run_program("pretrain --method auto --data " + data + " --out " + run + small);
  ASSERT_EQ(result.code, 0) << result.output;
  const std::string file = read_text(fs::path(run) / "run.toml");
  EXPECT_NE(file.find("method = \"simclr\""), std::string::npos) << file;
  // Going on keeps it, and what is given wins over what would be chosen.
  const auto on = run_program("pretrain --method auto --resume --steps 3 --out " + run);
  EXPECT_EQ(on.code, 0) << on.output;
  const auto own = run_program("pretrain --method auto --no-loss.decoupled --batch 10 --data " +
                               data + " --overwrite --out " + run + small);
  ASSERT_EQ(own.code, 0) << own.output;
  EXPECT_NE(read_text(fs::path(run) / "run.toml").find("decoupled = false"), std::string::npos);
}

TEST(Choosing, ASweepMarksTheSettingThatItWouldTake) {
  const TemporaryFolder temporary;
  const std::string data = write_classes(temporary.path() / "data", 15);
  const auto sweep = [&](const std::string& select) {
    const fs::path file = temporary.path() / "sweep.toml";
    write_file(file,
               select + "\n[pretrain]\ndata = \"" + data +
                   "\"\nsteps = 3\nbatch = 10\nencoder.width = 4\nprogress = \"none\"\nprecision = "
                   "\"fp32\"\nhealth.samples = 16\n[evaluate]\neval = \"knn\"\nknn.k = 3\n"
                   "[[setting]]\nname = \"a\"\n[[setting]]\nname = \"b\"\noptim.lr = 0.1\n");
    return run_program("sweep " + file.string() + " --out " + (temporary.path() / "out").string());
  };
  const auto health = sweep("select = \"health\"");
  ASSERT_EQ(health.code, 0) << health.output;
  EXPECT_NE(health.output.find("← chosen"), std::string::npos) << health.output;
  EXPECT_NE(health.output.find("is chosen by health, without labels"), std::string::npos)
      << health.output;
  EXPECT_FALSE(fs::exists(temporary.path() / "out/a/seed-0/validation.json"));
  // The runs are there already: only their validation is new.
  const auto validation = sweep("select = \"validation\"");
  ASSERT_EQ(validation.code, 0) << validation.output;
  EXPECT_TRUE(fs::exists(temporary.path() / "out/a/seed-0/validation.json"));
  EXPECT_NE(validation.output.find("validation: kNN"), std::string::npos) << validation.output;
  EXPECT_NE(validation.output.find("that was held out"), std::string::npos) << validation.output;
  EXPECT_NE(read_text(temporary.path() / "out/table.md").find("← chosen"), std::string::npos);
  expect_error(sweep("select = \"luck\""), 2, "one of none, health, validation");
  expect_error(sweep("select_column = \"linear\""), 2, "select = \"validation\"");
}

}  // namespace
}  // namespace likewise
