// likewise views, and --eval corruptions, as a user runs them.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/formats/sound.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

// Two class folders of noisy stripes, 16 x 16 in colour.
void write_stripes(const fs::path& folder, int per_class) {
  for (int shape = 0; shape < 2; ++shape) {
    for (int i = 0; i < per_class; ++i) {
      Rng rng(1, {static_cast<uint64_t>(shape), static_cast<uint64_t>(i)});
      Image image{16, 16, 3, std::vector<uint8_t>(768)};
      for (int y = 0; y < 16; ++y) {
        for (int x = 0; x < 16; ++x) {
          const bool ink = (shape == 0 ? y : x) / 3 % 2 == 0;
          for (int c = 0; c < 3; ++c) {
            image.pixels[static_cast<size_t>((y * 16 + x) * 3 + c)] =
                static_cast<uint8_t>((ink ? 170 : 60) + rng.below(40));
          }
        }
      }
      write_file(folder / (shape == 0 ? "lying" : "upright") / (std::to_string(i) + ".png"),
                 encode_png(image));
    }
  }
}

const char* const kSmall =
    " --steps 4 --batch 8 --encoder small --encoder.width 4 --views.size 16 --viewmaker.width 2 "
    "--viewmaker.blocks 1 --health.samples 16 --progress none --precision fp32 --threads 1";

TEST(Views, ATrainedViewmakerIsAppliedShownAndMeasured) {
  const TemporaryFolder temporary;
  const std::string root = temporary.path().string(), data = root + "/data", run = root + "/run";
  write_stripes(data, 10);
  auto result = run_program("pretrain --data " + data + " --viewmaker alone --out " + run + kSmall);
  ASSERT_EQ(result.code, 0) << result.output;

  result = run_program("views apply --run " + run + " --data " + data + " --out " + root +
                       "/png --views 3");
  ASSERT_EQ(result.code, 0) << result.output;
  for (int k = 0; k < 3; ++k) {
    const Image view =
        read_image(temporary.path() / "png" / "lying" / ("4-" + std::to_string(k) + ".png"));
    EXPECT_EQ(view.height, 16);
    EXPECT_EQ(view.channels, 3);
  }
  result = run_program("views apply --run " + run + " --data " + data + " --out " + root +
                       "/v.npy --limit 5");
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_EQ(read_npy_file(temporary.path() / "v.npy").shape,
            (std::vector<int64_t>{5, 2, 3, 16, 16}));
  result = run_program("views apply --run " + run + " --data " + data + " --out " + root +
                       "/w.npy --limit 5");
  EXPECT_EQ(read_bytes(temporary.path() / "v.npy"), read_bytes(temporary.path() / "w.npy"));

  result = run_program("views gallery --run " + run + " --out " + root +
                       "/views.html --limit 2 --views 3");
  ASSERT_EQ(result.code, 0) << result.output;
  const std::string page = read_text(temporary.path() / "views.html");
  size_t pictures = 0;
  for (size_t at = page.find("<img src=\"data:image/png"); at != std::string::npos;
       at = page.find("<img src=\"data:image/png", at + 1)) {
    ++pictures;
  }
  EXPECT_EQ(pictures, 2U * (1 + 3 + 3));

  result = run_program(
      "evaluate --run " + run + " --data " + data +
      " --eval corruptions --corruptions.names fog,jpeg --corruptions.samples 4 --baselines false");
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("corrupted"), std::string::npos) << result.output;
  const auto evaluation = nlohmann::json::parse(read_text(fs::path(run) / "evaluation.json"));
  EXPECT_EQ(evaluation["corruptions"]["rows"][0]["accuracy"].size(), 2U);
  EXPECT_NE(read_text(fs::path(run) / "report.html").find("Accuracy under corruption"),
            std::string::npos);
}

// How often a text holds another.
size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Views, OfSoundsAreHeard) {
  const TemporaryFolder temporary;
  const std::string root = temporary.path().string(), data = root + "/data";
  for (int i = 0; i < 12; ++i) {
    Sound sound{8000, 1, std::vector<float>(3000)};
    for (size_t t = 0; t < sound.samples.size(); ++t) {
      sound.samples[t] = 0.3F * std::sin(0.02F * static_cast<float>((i + 3) * static_cast<int>(t)));
    }
    write_file(temporary.path() / "data" / (std::to_string(i) + ".wav"), encode_wav(sound));
  }
  const std::string start =
      "pretrain --data " + data +
      " --steps 2 --batch 8 --encoder small --encoder.width 4 --views.size 32 "
      "--health.samples 0 --progress none --precision fp32 --threads 1 ";
  auto result = run_program(start +
                            "--viewmaker alone --viewmaker.width 2 --viewmaker.blocks 1 "
                            "--out " +
                            root + "/learned");
  ASSERT_EQ(result.code, 0) << result.output;
  result = run_program(start + "--views.recipe waveform --out " + root + "/plain");
  ASSERT_EQ(result.code, 0) << result.output;
  for (const auto& [run, pictures] :
       {std::pair{"/learned", 2U * (1 + 3 + 3)}, {"/plain", 2U * (1 + 3)}}) {
    result = run_program("views gallery --run " + root + run + " --out " + root +
                         "/v.html --limit 2 --views 3 --sound.iterations 3");
    ASSERT_EQ(result.code, 0) << result.output;
    const std::string page = read_text(temporary.path() / "v.html");
    EXPECT_EQ(count_of(page, "<img src=\"data:image/png"), pictures);
    EXPECT_EQ(count_of(page, "src=\"data:audio/wav;base64,UklGR"), pictures);  // "RIFF"
    EXPECT_LT(page.size(), 1U << 20);
  }
  const std::string report = read_text(temporary.path() / "plain" / "report.html");
  EXPECT_EQ(count_of(report, "<audio"), 6U * (1 + 4));
}

TEST(Views, BudgetsAreComparedWithoutATestLabel) {
  const TemporaryFolder temporary;
  const std::string root = temporary.path().string(), data = root + "/data";
  write_stripes(data, 10);
  const auto result = run_program("views budget --budgets 0.05,0.2 --data " + data + " --out " +
                                  root + "/b" + kSmall);
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("best probe on held-out training labels"), std::string::npos)
      << result.output;
  const std::string table = read_text(temporary.path() / "b" / "table.md");
  EXPECT_NE(table.find("| 0.05 |"), std::string::npos) << table;
  EXPECT_NE(table.find("| 0.2 |"), std::string::npos) << table;
}

TEST(Views, MistakesAreNamed) {
  const TemporaryFolder temporary;
  const std::string root = temporary.path().string(), data = root + "/data";
  write_stripes(data, 5);
  expect_error(run_program("views"), 2, "apply, gallery or budget");
  expect_error(run_program("views show"), 2, "not show");
  expect_error(run_program("views gallery"), 2, "--run");
  expect_error(run_program("views budget --data " + data), 2, "--out");
  ASSERT_EQ(run_program("pretrain --data " + data + " --out " + root + "/plain" + kSmall).code, 0);
  expect_error(run_program("views apply --run " + root + "/plain --out " + root + "/v"), 2,
               "has no viewmaker");
  expect_error(run_program("pretrain --data " + data +
                           " --viewmaker alone --views.recipe cifar --out " + root + "/x" + kSmall),
               2, "leaves no room");
  expect_error(
      run_program("pretrain --data " + data + " --viewmaker both --out " + root + "/x" + kSmall), 2,
      "alone");
}

}  // namespace
}  // namespace likewise
