// likewise fewshot in its three ways, and a sweep of it.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/formats/csv.hpp"
#include "likewise/formats/image.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

// Strokes on paper: every class a few straight lines of its own, drawn a little differently each
// time.
Image strokes(uint64_t character, uint64_t hand) {
  Image image{28, 28, 1, std::vector<uint8_t>(784, 255)};
  Rng shape(5, {character}), shake(6, {character, hand});
  for (int line = 0; line < 3; ++line) {
    double y = shape.uniform(4, 24), x = shape.uniform(4, 24);
    const double dy = shape.uniform(-0.8, 0.8), dx = shape.uniform(-0.8, 0.8);
    y += shake.uniform(-1, 1);
    x += shake.uniform(-1, 1);
    for (int step = 0; step < 14; ++step, y += dy, x += dx) {
      const auto row = static_cast<int64_t>(y), column = static_cast<int64_t>(x);
      if (row < 1 || row > 26 || column < 1 || column > 26) continue;
      for (int64_t k : {int64_t{0}, int64_t{1}, int64_t{28}}) {
        image.pixels[static_cast<size_t>(row * 28 + column + k)] = 0;
      }
    }
  }
  return image;
}

void write_characters(const fs::path& folder, uint64_t first, uint64_t count, uint64_t hands) {
  for (uint64_t c = first; c < first + count; ++c) {
    for (uint64_t h = 0; h < hands; ++h) {
      write_file(folder / ("c" + std::to_string(c)) / (std::to_string(h) + ".png"),
                 encode_png(strokes(c, h)));
    }
  }
}

class FewShotProgram : public ::testing::Test {
 protected:
  FewShotProgram() {
    write_characters(folder_ / "train", 0, 14, 8);
    write_characters(folder_ / "new", 20, 6, 8);
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  std::string training(const std::string& out) const {
    return "fewshot --data " + at("train") + " --test.data " + at("new") + " --out " + at(out) +
           " --encoder.width 8 --ways 5 --queries 3 --episodes 30 --test.ways 5 --test.shots 1 "
           "--test.queries 4 --test.episodes 20 --valid.share 0.4 --valid.episodes 5 --progress "
           "none "
           "--threads 1";
  }
  TemporaryFolder folder_;
};

TEST_F(FewShotProgram, TrainsMeasuresChoosesAHeadAndPredicts) {
  auto result = run_program(training("run"));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("batch norm inductive"), std::string::npos) << result.output;
  EXPECT_TRUE(fs::exists(folder_ / "run" / "report.html"));

  result = run_program("fewshot --data " + at("new") + " --run " + at("run") +
                       " --shots 1,4 --draws 4 --out " + at("model") + " --threads 1");
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("transport (transductive)"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("with 4 labels a class"), std::string::npos) << result.output;
  result = run_program("predict --model " + at("model") + " --data " + at("new") + " --out " +
                       at("p.csv"));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_EQ(read_csv_file(at("p.csv")).rows.size(), 48U);
  expect_error(
      run_program("fewshot --data " + at("new") + " --run " + at("run") + " --out " + at("model")),
      2, "--overwrite replaces it");

  for (int run = 1; run <= 2; ++run) {
    std::string labels;
    for (uint64_t c = 0; c < 4; ++c) {
      const std::string base = "run0" + std::to_string(run), n = std::to_string(c);
      const std::string train = base + "/training/class" + n + ".png",
                        test = base + "/test/item" + n + ".png";
      write_file(folder_ / "runs" / train, encode_png(strokes(20 + c, 0)));
      write_file(folder_ / "runs" / test, encode_png(strokes(20 + c, 1)));
      labels += test + " " + train + "\n";
    }
    write_file(folder_ / "runs" / ("run0" + std::to_string(run)) / "class_labels.txt", labels);
  }
  result = run_program("fewshot --runs " + at("runs") + " --run " + at("run") + " --out " +
                       at("runs.json"));
  ASSERT_EQ(result.code, 0) << result.output;
  const auto json = nlohmann::json::parse(read_text(folder_ / "runs.json"));
  EXPECT_EQ(json["rows"].size(), 5U) << "Hausdorff; pixels and the run, each alone and together";
  result = run_program("fewshot --runs " + at("runs") + " --views 3 --run " + at("run") + "," +
                       at("run"));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("these 2 together; transductive, one test image a class"),
            std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find(", 3 views"), std::string::npos) << result.output;
}

TEST_F(FewShotProgram, SaysWhatIsWrong) {
  expect_error(run_program("fewshot --out " + at("x")), 2, "--data");
  expect_error(run_program("fewshot --method prototypcal"), 2, "did you mean 'prototypical'");
  expect_error(run_program(training("x") + " --queries 20"), 2, "the largest has 8");
  expect_error(run_program("fewshot --runs " + at("train")), 2, "there is no run");
  expect_error(run_program("fewshot --run " + at("train") + " --data " + at("new")), 2,
               "neither a run");
  expect_error(run_program("fewshot more"), 2, "'more' is not an option");
}

TEST_F(FewShotProgram, ASweepMakesOneTable) {
  write_file(
      folder_ / "sweep.toml",
      "seeds = [0, 1]\n[fewshot]\ndata = \"" + at("train") +
          "\"\nencoder.width = 8\nways = 5\n"
          "queries = 3\nepisodes = 10\ntest.data = \"" +
          at("new") +
          "\"\ntest.queries = 4\n"
          "test.episodes = 10\nprogress = \"none\"\nthreads = 1\n"
          "[[setting]]\nname = \"Prototypical\"\ntest.ways = \"5\"\ntest.shots = \"1\"\n"
          "[[setting]]\nname = \"MAML\"\nmethod = \"maml\"\ntest.ways = \"5\"\ntest.shots = \"1\"\n"
          "valid.share = 0\n");
  const auto result = run_program("sweep " + at("sweep.toml") + " --out " + at("table"));
  ASSERT_EQ(result.code, 0) << result.output;
  const std::string table = read_text(folder_ / "table" / "table.md");
  EXPECT_NE(table.find("5-way 1-shot, inductive"), std::string::npos) << table;
  EXPECT_NE(table.find("5-way 1-shot, transductive"), std::string::npos) << table;
  write_file(folder_ / "both.toml", "[fewshot]\nways = 5\n[pretrain]\nsteps = 1\n");
  expect_error(run_program("sweep " + at("both.toml")), 2, "belong to another file");
}

}  // namespace
}  // namespace likewise
