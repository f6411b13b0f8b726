// Mistakes of users: one clear sentence, the right exit code, nothing half written.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "cli/program.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/formats/image.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

void write_images(const fs::path& folder, int count, const std::string& prefix = "") {
  Rng rng(5);
  for (int i = 0; i < count; ++i) {
    Image image{16, 16, 1, std::vector<uint8_t>(256)};
    for (auto& pixel : image.pixels) pixel = static_cast<uint8_t>(rng.below(256));
    write_file(folder / (prefix + std::to_string(i) + ".png"), encode_png(image));
  }
}

class Mistakes : public ::testing::Test {
 protected:
  fs::path folder() const { return temporary_.path(); }
  std::string out() const { return (folder() / "run").string(); }
  ProgramResult pretrain(const std::string& words) const {
    return run_program("pretrain --out " + out() +
                       " --steps 2 --progress none --health.samples 0 " + words);
  }

 private:
  TemporaryFolder temporary_;
};

TEST_F(Mistakes, AMisspeltOptionNamesTheNearest) {
  expect_error(pretrain("--data glyphs --loss.temprature 0.1"), 2, "'loss.temperature'");
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(Mistakes, AMisspeltCommandNamesTheNearest) {
  expect_error(run_program("pretrian --data glyphs"), 2, "'pretrain'");
}

TEST_F(Mistakes, AValueOutOfRangeSaysWhatIsAccepted) {
  expect_error(pretrain("--data glyphs --loss.temperature -1"), 2, "accepted");
  expect_error(pretrain("--data glyphs --optim sdg"), 2, "sgd|adam");
}

TEST_F(Mistakes, ImpossibleCombinationsAreRefused) {
  expect_error(pretrain("--data glyphs --minutes 1"), 2, "budget");
  expect_error(pretrain("--data glyphs --encoder conv4 --encoder.stem cifar"), 2, "stem");
  expect_error(pretrain("--data glyphs --resume"), 2, "no checkpoint");
}

TEST_F(Mistakes, AMissingPathIsNamed) {
  expect_error(pretrain("--data " + (folder() / "nowhere").string()), 2, "nowhere");
  expect_error(run_program("evaluate --run " + (folder() / "nowhere").string()), 2, "nowhere");
  expect_error(run_program("predict --model " + folder().string() + " --data glyphs"), 2, "model");
}

TEST_F(Mistakes, NoImagesAndOneImageAreTooFew) {
  fs::create_directories(folder() / "data");
  expect_error(pretrain("--data " + (folder() / "data").string()), 2, "image");
  write_images(folder() / "data", 1);
  expect_error(pretrain("--data " + (folder() / "data").string()), 2, "at least 2");
}

TEST_F(Mistakes, WhenAllImagesAreBrokenTheFirstIsNamed) {
  for (int i = 0; i < 4; ++i) {
    write_file(folder() / "data" / (std::to_string(i) + ".png"), std::string("not an image"));
  }
  expect_error(pretrain("--data " + (folder() / "data").string()), 3, "0.png");
  EXPECT_FALSE(fs::exists(fs::path(out()) / "checkpoints"));
}

TEST_F(Mistakes, SomeBrokenImagesAreNamedAndLeftOut) {
  write_images(folder() / "data", 12);
  write_file(folder() / "data" / "broken.png", std::string("not an image"));
  const auto result = run_program("pretrain --out " + out() +
                                  " --epochs 3 --batch 4 --progress lines "
                                  "--health.samples 0 --data " +
                                  (folder() / "data").string());
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("1 broken images were left out; the first:"), std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find("broken.png"), std::string::npos);
}

TEST_F(Mistakes, AnOutputThatCannotBeWrittenIsNamed) {
  write_images(folder() / "data", 8);
  write_file(folder() / "file", std::string("a file"));
  const auto result =
      run_program("pretrain --out " + (folder() / "file" / "run").string() +
                  " --steps 1 --progress none --data " + (folder() / "data").string());
  expect_error(result, 2, "run folder");
}

TEST_F(Mistakes, AFullDiskLeavesNoHalfCheckpoint) {
  // A limit on the size of files stands in for a full disk.
  write_images(folder() / "data", 8);
  const std::string command = "pretrain --out " + out() +
                              " --steps 1 --batch 4 --progress none --data " +
                              (folder() / "data").string();
  write_file(folder() / "limited.sh", std::string("trap '' XFSZ\nulimit -f 64\n\"") +
                                          program_file() + "\" " + command +
                                          " 2>&1; echo code $?\n");
  const auto limited = run_shell("bash " + (folder() / "limited.sh").string());
  EXPECT_NE(limited.output.find("code 2"), std::string::npos) << limited.output;
  EXPECT_NE(limited.output.find("cannot write"), std::string::npos) << limited.output;
  for (const auto& entry : fs::recursive_directory_iterator(out())) {
    EXPECT_EQ(entry.path().filename().string().find(".tmp-"), std::string::npos) << entry.path();
    EXPECT_NE(entry.path().filename(), "last.safetensors");
  }
}

TEST_F(Mistakes, HelpIsNotAMistake) {
  EXPECT_EQ(run_program("--help").code, 0);
  EXPECT_EQ(run_program("").code, 2);
  for (const char* command : {"pretrain", "evaluate", "fit", "predict", "embed", "export", "search",
                              "duplicates", "suggest", "sweep", "report", "list"}) {
    const auto result = run_program(std::string(command) + " --help");
    EXPECT_EQ(result.code, 0) << command << ": " << result.output;
    EXPECT_FALSE(result.output.empty());
  }
}

}  // namespace
}  // namespace likewise
