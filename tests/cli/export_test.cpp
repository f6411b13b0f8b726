// likewise export and the formats of likewise embed, as a user runs them.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/formats/csv.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/formats/safetensors.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

void expect_done(const ProgramResult& result) { ASSERT_EQ(result.code, 0) << result.output; }

void expect_refused(const ProgramResult& result, const std::string& part) {
  EXPECT_EQ(result.code, 2) << result.output;
  EXPECT_NE(result.output.find(part), std::string::npos) << result.output;
  EXPECT_EQ(result.output.find('\n'), result.output.size() - 1)
      << "one sentence: " << result.output;
}

// A run and a model of two classes, made once.
class Export : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    root_ = fs::path(::testing::TempDir()) / fmt::format("likewise-export-{}", ::getpid());
    fs::remove_all(root_);
    for (int i = 0; i < 12; ++i) {
      Rng rng(1, {static_cast<uint64_t>(i)});
      Image image{16, 16, 3, std::vector<uint8_t>(768)};
      for (auto& value : image.pixels) value = static_cast<uint8_t>(rng.below(120) + (i % 2) * 120);
      write_file(root_ / "data" / (i % 2 ? "light" : "dark") / (std::to_string(i) + ".png"),
                 encode_png(image));
    }
    expect_done(
        run_program("pretrain --data " + data() + " --out " + run() +
                    " --steps 2 --batch 6 --encoder small --encoder.width 4 --progress none"));
    expect_done(run_program("evaluate --run " + run() + " --eval knn"));
    expect_done(run_program("fit --run " + run() + " --data " + data() + " --out " + model()));
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }
  static std::string data() { return (root_ / "data").string(); }
  static std::string run() { return (root_ / "run").string(); }
  static std::string model() { return (root_ / "model").string(); }
  static ProgramResult write(const std::string& words) { return run_program("export " + words); }
  std::string out(const std::string& name) const { return (folder_.path() / name).string(); }
  bool nothing_written() const { return fs::is_empty(folder_.path()); }

 private:
  static inline fs::path root_;
  TemporaryFolder folder_;
};

TEST_F(Export, EveryFormatIsWritten) {
  const std::string of_run = "--run " + run() + " --out ";
  expect_done(write(of_run + out("a.onnx")));
  expect_done(write(of_run + out("a.ts") + " --images nhwc"));
  expect_done(write(of_run + out("a.pt") + " --format torchvision"));
  expect_done(write(of_run + out("timm.safetensors") + " --format timm"));
  expect_done(write(of_run + out("folder") + " --format hf"));
  for (const char* name :
       {"a.onnx", "a.ts", "a.pt", "timm.safetensors", "folder/config.json",
        "folder/preprocessor_config.json", "folder/model.safetensors", "folder/README.md"}) {
    EXPECT_GT(fs::file_size(out(name)), 100U) << name;
  }
  const SafetensorsFile weights(out("timm.safetensors"));
  EXPECT_TRUE(weights.contains("blocks.0.conv1.weight"));
  EXPECT_EQ(weights.metadata().at("image_size"), "16");
  EXPECT_EQ(weights.metadata().at("format"), "pt");
}

TEST_F(Export, TheCardSaysDataBudgetResultsAndWhatCannotRead) {
  const auto result = write("--run " + run() + " --format hf --out " + out("folder"));
  expect_done(result);
  EXPECT_NE(result.output.find("transformers cannot build this network"), std::string::npos);
  const std::string card = read_text(out("folder") + "/README.md");
  for (const char* part :
       {"license:", "pipeline_tag: image-feature-extraction", "| data | data |", "| images | 12 |",
        "| method | simclr |", " epochs, ", "recipe cifar", "kNN", "Likewise's own"}) {
    EXPECT_NE(card.find(part), std::string::npos) << part << "\n" << card;
  }
}

TEST_F(Export, TheCardOfATimmFolderSpeaksOfTimmAndNoPathOfThisDiskIsInIt) {
  expect_done(write("--model " + model() + " --format timm --out " + out("folder")));
  const std::string card = read_text(out("folder") + "/README.md");
  EXPECT_NE(card.find("library_name: timm"), std::string::npos) << card;
  EXPECT_NE(card.find("timm cannot build this network"), std::string::npos) << card;
  EXPECT_NE(card.find("classifier of 2 classes"), std::string::npos) << card;
  EXPECT_EQ(card.find(data()), std::string::npos) << card;
}

TEST_F(Export, AModelBringsItsClassifierUnlessToldNotTo) {
  const auto with = write("--model " + model() + " --format timm --out " + out("with.safetensors"));
  EXPECT_NE(with.output.find("classifier of 2 classes"), std::string::npos) << with.output;
  EXPECT_TRUE(SafetensorsFile(out("with.safetensors")).contains("classifier.bias"));
  expect_done(write("--model " + model() + " --no-classifier --format timm --out " +
                    out("without.safetensors")));
  EXPECT_FALSE(SafetensorsFile(out("without.safetensors")).contains("classifier.bias"));
  expect_done(write("--run " + model() + " --format hf --out " + out("folder")));
  const auto config = nlohmann::json::parse(read_text(out("folder") + "/config.json"));
  EXPECT_EQ(config.at("id2label").at("1"), "light");
}

TEST_F(Export, MistakesAreOneSentenceAndNothingIsWritten) {
  expect_refused(write("--run " + out("nowhere") + " --out " + out("a.onnx")), "nowhere");
  expect_refused(write("--run " + run()), "--out");
  expect_refused(write("--out " + out("a.onnx")), "--run");
  expect_refused(write("--run " + run() + " --out " + out("a")), "torchvision");
  expect_refused(write("--run " + run() + " --format onx --out " + out("a")), "onnx");
  expect_refused(write("--run " + run() + " --format hf --out " + out("a.onnx")), ".onnx");
  expect_refused(write("--run " + run() + " --format torchvision --out " + out("a")),
                 ".safetensors or .pt");
  expect_refused(write("--run " + run() + " --format hf --out " + out("a.pt")), "folder");
  expect_refused(write("--run " + run() + " --format timm --images nhwc --out " + out("a")),
                 "--images");
  expect_refused(write("--run " + run() + " --model " + model() + " --out " + out("a.onnx")),
                 "--model");
  expect_refused(write("--model " + run() + " --out " + out("a.onnx")), "likewise fit");
  EXPECT_TRUE(nothing_written());
  expect_refused(write("--run " + run() + " --out /proc/likewise.onnx"), "/proc");
  expect_refused(write("--run " + run() + " --format hf --out /proc/likewise"), "/proc");
}

TEST_F(Export, WhatIsThereIsReplacedOnlyWhenAsked) {
  write_file(fs::path(out("a.onnx")), std::string("mine"));
  expect_refused(write("--run " + run() + " --out " + out("a.onnx")), "--overwrite");
  EXPECT_EQ(read_text(out("a.onnx")), "mine");
  expect_done(write("--run " + run() + " --overwrite --out " + out("a.onnx")));
  EXPECT_NE(read_text(out("a.onnx")), "mine");
  write_file(fs::path(out("folder")) / "notes.txt", std::string("mine"));
  expect_refused(write("--run " + run() + " --format hf --out " + out("folder")), "--overwrite");
  expect_done(write("--run " + run() + " --format hf --overwrite --out " + out("folder")));
  EXPECT_EQ(read_text(out("folder") + "/notes.txt"), "mine");
}

TEST_F(Export, EmbedWritesAnIndexAndAProjectorFolder) {
  const std::string embed = "embed --run " + run() + " --data " + data() + " --out ";
  expect_done(run_program(embed + out("a.faiss")));
  EXPECT_EQ(fs::file_size(out("a.faiss")), 45U + 12 * 16 * 4);
  EXPECT_EQ(read_csv_file(out("a.faiss.files.csv")).rows.size(), 12U);
  expect_done(run_program(embed + out("projector/")));
  const Image sheet = read_image(out("projector/sprite.png"));
  EXPECT_EQ(sheet.width, 4 * 32);
  expect_refused(run_program(embed + out("a.npy") + " --metric l2"), "FAISS");
  expect_refused(run_program(embed + out("a.parquet")), ".faiss");
}

}  // namespace
}  // namespace likewise
