// Weights of other programs, used as a person would: features, a classifier, an evaluation, a
// start.
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/program.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/nn/weights.hpp"
#include "support/golden.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

class InitFrom : public testing::Test {
 protected:
  // A transformer for 16 x 16 pixels in timm's names, as a teacher beside a student.
  void SetUp() override {
    const Golden golden("foreign");
    NamedTensors tensors;
    for (const auto& name : golden.file().names()) {
      constexpr std::string_view kState = "timm/state/";
      if (name.compare(0, kState.size(), kState) != 0) continue;
      const Tensor tensor = read_tensor(golden.file(), name);
      tensors.emplace_back("teacher/backbone." + name.substr(kState.size()), tensor);
      tensors.emplace_back("student/module.backbone." + name.substr(kState.size()), tensor * 0.5);
    }
    write_tensors(file(), tensors);
    for (int label = 0; label < 2; ++label) {
      for (int i = 0; i < 6; ++i) {
        Rng rng(5, {static_cast<uint64_t>(label), static_cast<uint64_t>(i)});
        Image image{16, 16, 3, std::vector<uint8_t>(768)};
        for (auto& pixel : image.pixels) pixel = static_cast<uint8_t>(rng.below(60) + 150 * label);
        write_file(fs::path(data()) / (label ? "bright" : "dark") / (std::to_string(i) + ".png"),
                   encode_png(image));
      }
    }
  }
  std::string at(const std::string& name) { return (folder_ / name).string(); }
  std::string file() { return at("dino.safetensors"); }
  std::string data() { return at("images"); }
  ProgramResult run(const std::string& words) { return run_program(words); }

  NpyArray embed(const std::string& options) {
    const auto result = run("embed --data " + data() + " --out " + at("x.npy") + " " + options);
    EXPECT_EQ(result.code, 0) << result.output;
    said_ = result.output;
    return read_npy_file(at("x.npy"));
  }

  TemporaryFolder folder_;
  std::string said_;
};

TEST_F(InitFrom, FeaturesWithoutARun) {
  const NpyArray teacher = embed("--init-from " + file());
  EXPECT_EQ(teacher.shape, (std::vector<int64_t>{12, 64}));
  for (const char* part : {"vit_tiny, 64 features, images at 16 px", "behind 'teacher/backbone.'",
                           "student/module.backbone."}) {
    EXPECT_NE(said_.find(part), std::string::npos) << part << " is not in: " << said_;
  }
  // The underscore, a file given as a run, and the encoder by its prefix, are the same.
  EXPECT_EQ(embed("--init_from=" + file()).bytes, teacher.bytes);
  EXPECT_EQ(embed("--run " + file()).bytes, teacher.bytes);
  EXPECT_EQ(embed("--init-from '" + file() + "#teacher/backbone.'").bytes, teacher.bytes);
  EXPECT_NE(embed("--init-from '" + file() + "#student/module.backbone.'").bytes, teacher.bytes);
  EXPECT_NE(embed("--init-from " + file() + " --init-crop 1").bytes, teacher.bytes);
  EXPECT_NE(embed("--init-from " + file() + " --init-norm half").bytes, teacher.bytes);
  EXPECT_EQ(embed("--init-from " + file() + " --init-size 32").shape, teacher.shape);
  EXPECT_NE(said_.find("pos_embed resampled from 4 x 4 to 8 x 8"), std::string::npos) << said_;
}

TEST_F(InitFrom, AClassifierFromALabelOrTwo) {
  auto result = run("fit --init-from " + file() + " --data " + data() + " --per_class 2 --out " +
                    at("model"));
  ASSERT_EQ(result.code, 0) << result.output;
  result = run("predict --model " + at("model") + " --data " + data());
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("100.0 % of 12 are predicted right"), std::string::npos)
      << result.output;
  result =
      run("evaluate --init-from " + file() + " --data " + data() + " --eval knn --test " + data());
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("untrained encoder"), std::string::npos) << result.output;
  result = run("duplicates --init-from " + file() + " --data " + data());
  EXPECT_EQ(result.code, 0) << result.output;
}

TEST_F(InitFrom, PretrainingBeginsWithTheWeightsAndTheirArchitecture) {
  const std::string out = at("run");
  auto result = run("pretrain --init-from " + file() + " --data " + data() +
                    " --steps 2 --batch 6 --precision fp32 --progress lines --out " + out);
  ASSERT_EQ(result.code, 0) << result.output;
  for (const char* part : {"encoder: vit_tiny", "size: 16 px", "tensors loaded"}) {
    EXPECT_NE(result.output.find(part), std::string::npos)
        << part << " is not in: " << result.output;
  }
  const std::string options = read_text(fs::path(out) / "run.toml");
  EXPECT_NE(options.find("vit_tiny"), std::string::npos);
  EXPECT_EQ(embed("--run " + out).shape, (std::vector<int64_t>{12, 64}));
  // The file is not needed any more.
  fs::remove(file());
  result = run("pretrain --resume --out " + out + " --steps 3");
  EXPECT_EQ(result.code, 0) << result.output;
  // A run as a start gives its architecture, too.
  result = run("pretrain --init-from " + out + " --data " + data() +
               " --steps 1 --batch 6 --progress lines --out " + at("second"));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("encoder: vit_tiny"), std::string::npos) << result.output;
}

TEST_F(InitFrom, MistakesAreNamed) {
  const auto expect = [&](const std::string& words, int code, const std::string& part) {
    const auto result = run("embed --data " + data() + " --out " + at("x.npy") + " " + words);
    EXPECT_EQ(result.code, code) << result.output;
    EXPECT_NE(result.output.find(part), std::string::npos) << result.output;
  };
  expect("", 2, "--run (a run folder) or --init-from (weights of others) is needed");
  expect("--init-from " + file() + " --run x", 2, "not both");
  expect("--init-from " + at("nothing.pth"), 2, "there is no");
  expect("--init-from '" + file() + "#nobody'", 2, "there is no encoder behind 'nobody'");
  expect("--init-from " + file() + " --init-size 18", 2,
         "patches of 4 pixels do not divide it; 20 would do");
  expect("--init-from " + Golden::path("formats/torch/foreign_function.pt").string(), 3,
         "refused: the file names 'posix.getcwd'");
  expect("--init-from " + Golden::path("formats/torch/state_dict.pt").string(), 2,
         "no encoder is recognised");
  expect("--init-from " + data() + "/dark/0.png", 3, "neither a safetensors file nor one of torch.save");
}

}  // namespace
}  // namespace likewise
