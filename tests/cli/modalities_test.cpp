// The whole job on sounds, series and arrays, as on images: no option says what they are.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "cli/program.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/formats/csv.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/formats/sound.hpp"
#include "support/hostile.hpp"

namespace likewise::modalities_tests {
namespace {

namespace fs = std::filesystem;

// Class folders of low, middle and high buzzes.
void write_sounds(const fs::path& folder, int per_class, uint64_t seed) {
  const char* names[] = {"high", "low", "middle"};
  const double pitch[] = {1200, 150, 450};
  for (int k = 0; k < 3; ++k) {
    for (int i = 0; i < per_class; ++i) {
      Rng rng(seed, {static_cast<uint64_t>(k), static_cast<uint64_t>(i)});
      const int64_t frames = 2000 + rng.below(1500);
      const double hz = pitch[k] * rng.uniform(0.9, 1.1);
      Sound sound{8000, 1, std::vector<float>(static_cast<size_t>(frames))};
      for (int64_t t = 0; t < frames; ++t) {
        sound.samples[static_cast<size_t>(t)] = static_cast<float>(
            0.3 * std::sin(2 * M_PI * hz * static_cast<double>(t) / 8000) + 0.02 * rng.normal());
      }
      write_file(folder / names[k] / (std::to_string(i) + ".wav"), encode_wav(sound));
    }
  }
}

// A subject a folder, a class a stretch of each recording.
void write_series(const fs::path& folder, int subjects) {
  for (int s = 0; s < subjects; ++s) {
    Rng rng(7, {static_cast<uint64_t>(s)});
    std::string text = "time,x,y,z,activity\n";
    const double phase = rng.uniform(0, 3);
    for (int t = 0; t < 600; ++t) {
      const double speed = t < 300 ? 0.1 : 0.5;
      text += std::to_string(t / 50.0) + "," + std::to_string(std::sin(speed * t + phase)) + "," +
              std::to_string(0.1 * rng.normal()) + "," + std::to_string(std::cos(speed * t)) +
              (t < 300 ? ",slow\n" : ",quick\n");
    }
    write_file(folder / ("s" + std::to_string(s)) / "a.csv", text);
  }
}

void write_vectors(const fs::path& file, int64_t count) {
  std::vector<float> values;
  Rng rng(3);
  for (int64_t i = 0; i < count * 12; ++i)
    values.push_back(static_cast<float>(rng.normal() + (i / 12 % 2 ? i % 12 : 0)));
  const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
  write_file(file, write_npy({"f4", {count, 12}, {bytes, bytes + values.size() * sizeof(float)}}));
}

ProgramResult succeed(const std::string& words) {
  ProgramResult result = run_program(words);
  EXPECT_EQ(result.code, 0) << words << "\n" << result.output;
  return result;
}

TEST(Modalities, TheWholeJobOnSounds) {
  const TemporaryFolder temporary;
  const auto at = [&](const char* name) { return (temporary.path() / name).string(); };
  write_sounds(at("sounds"), 12, 1);
  write_sounds(at("new"), 4, 2);
  const auto trained = succeed("pretrain --data " + at("sounds") + " --out " + at("run") +
                               " --steps 30 --batch 18 --encoder.width 8 --views.size 32 "
                               "--progress lines --threads 1 --precision fp32");
  for (const char* said : {"36 recordings", "mel spectrograms, 32 rows x 32 frames", "8000 Hz"}) {
    EXPECT_NE(trained.output.find(said), std::string::npos) << said << "\n" << trained.output;
  }
  const auto evaluated = succeed("evaluate --run " + at("run") + " --eval knn,linear --threads 1");
  EXPECT_NE(evaluated.output.find("raw input"), std::string::npos) << evaluated.output;
  const std::string page = read_text(temporary.path() / "run" / "report.html");
  EXPECT_NE(page.find("recordings"), std::string::npos);
  succeed("fit --run " + at("run") + " --data " + at("sounds") + " --out " + at("model"));
  succeed("predict --model " + at("model") + " --data " + at("new") + " --out " + at("p.csv"));
  int right = 0;
  const CsvTable table = read_csv_file(at("p.csv"));
  ASSERT_EQ(table.rows.size(), 12U);
  for (const auto& row : table.rows) right += row.fields[0].rfind(row.fields[1] + "/", 0) == 0;
  EXPECT_GE(right, 10);
  succeed("embed --run " + at("run") + " --data " + at("new") + " --out " + at("f.npy"));
  EXPECT_EQ(read_npy_file(at("f.npy")).shape, (std::vector<int64_t>{12, 32}));
  const auto found = succeed("search --run " + at("run") + " --data " + at("new") + " --query " +
                             at("new") + "/low/0.wav --count 2");
  EXPECT_NE(found.output.find("low/0.wav,1.0000"), std::string::npos) << found.output;
  succeed("duplicates --run " + at("run") + " --data " + at("new"));
  succeed("suggest --run " + at("run") + " --data " + at("new") + " --count 3");
  succeed("report " + at("run"));
  const auto graph = succeed("export --model " + at("model") + " --out " + at("a.onnx"));
  EXPECT_NE(graph.output.find("input `input`: float [N, 1, 32, 32]"), std::string::npos)
      << graph.output;
  expect_error(run_program("export --run " + at("run") + " --format timm --out " + at("timm")), 2,
               "knows images only");
  // Resuming needs no word about what the data are.
  succeed("pretrain --resume --out " + at("run") + " --steps 32 --progress none");
}

TEST(Modalities, TheWholeJobOnSeries) {
  const TemporaryFolder temporary;
  const auto at = [&](const char* name) { return (temporary.path() / name).string(); };
  write_series(at("series"), 6);
  write_file(temporary.path() / "series" / "info.csv", std::string("subject,age\ns0,40\n"));
  const auto trained = succeed("pretrain --data " + at("series") + " --out " + at("run") +
                               " --data.window 64 --steps 10 --batch 16 --encoder.width 8 "
                               "--progress lines --threads 1 --precision fp32");
  for (const char* said :
       {"windows", "3 channels x 64 frames at 50 Hz", "left out: ", "info.csv"}) {
    EXPECT_NE(trained.output.find(said), std::string::npos) << said << "\n" << trained.output;
  }
  const auto evaluated = succeed("evaluate --run " + at("run") + " --eval linear --threads 1");
  EXPECT_NE(evaluated.output.find("fifth of the subjects"), std::string::npos) << evaluated.output;
  succeed("fit --run " + at("run") + " --data " + at("series") + " --out " + at("model"));
  succeed("predict --model " + at("model") + " --data " + at("series") + "/s0/a.csv --out " +
          at("p.csv"));
  const auto found = succeed("search --run " + at("run") + " --data " + at("series") +
                             " --query 's1/a.csv[32]' --count 1");
  EXPECT_NE(found.output.find("s1/a.csv[32],1.0000"), std::string::npos) << found.output;
  for (const char* encoder : {"transformer1d", "resnet1d"}) {
    succeed("pretrain --data pendulum --data.limit 40 --out " + at(encoder) + " --encoder " +
            encoder + " --steps 3 --batch 16 --progress none --precision fp32 --health.samples 0");
  }
  succeed("pretrain --data pendulum --data.limit 40 --views.recipe spectral --method byol --out " +
          at("spectral") +
          " --steps 3 --batch 16 --encoder.width 8 --progress none --precision fp32 "
          "--health.samples 0");
}

TEST(Modalities, TheWholeJobOnVectors) {
  const TemporaryFolder temporary;
  const auto at = [&](const char* name) { return (temporary.path() / name).string(); };
  write_vectors(at("x.npy"), 60);
  const auto trained = succeed("pretrain --data " + at("x.npy") + " --out " + at("run") +
                               " --steps 10 --batch 20 --progress lines --precision fp32");
  EXPECT_NE(trained.output.find("encoder: mlp"), std::string::npos) << trained.output;
  succeed("embed --run " + at("run") + " --data " + at("x.npy") + " --out " + at("f.npy"));
  EXPECT_EQ(read_npy_file(at("f.npy")).shape, (std::vector<int64_t>{60, 256}));
}

TEST(Modalities, MistakesAreNamed) {
  const TemporaryFolder temporary;
  const auto at = [&](const char* name) { return (temporary.path() / name).string(); };
  write_sounds(at("sounds"), 2, 1);
  const std::string start = "pretrain --out " + at("run") + " --steps 1 --progress none ";
  expect_error(run_program(start + "--data " + at("sounds") + " --views.blur 1"), 2, "views.blur");
  expect_error(run_program(start + "--data " + at("sounds") + " --modality image"), 2, "no images");
  expect_error(run_program(start + "--data " + at("sounds") + " --encoder resnet1d"), 2,
               "takes channels x time");
  expect_error(run_program(start + "--data " + at("sounds") + " --modality smell"), 2, "smell");
  expect_error(run_program(start + "--data pendulum --data.quarter_turns"), 2, "for images");
}

}  // namespace
}  // namespace likewise::modalities_tests
