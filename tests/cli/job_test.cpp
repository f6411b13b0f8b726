// The whole job on a small folder: pretrain, evaluate, fit, predict, embed, search, duplicates,
// suggest, report.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/formats/csv.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/formats/npy.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

// Class folders of noisy bars: upright, lying, and a disc.
void write_shapes(const fs::path& folder, int per_class, uint64_t seed) {
  for (int shape = 0; shape < 3; ++shape) {
    const char* names[] = {"disc", "lying", "upright"};
    for (int i = 0; i < per_class; ++i) {
      Rng rng(seed, {static_cast<uint64_t>(shape), static_cast<uint64_t>(i)});
      Image image{20, 20, 3, std::vector<uint8_t>(1200)};
      const double cy = rng.uniform(8, 12), cx = rng.uniform(8, 12);
      for (int y = 0; y < 20; ++y) {
        for (int x = 0; x < 20; ++x) {
          const double dy = y - cy, dx = x - cx;
          const bool ink = shape == 0   ? dy * dy + dx * dx < 25
                           : shape == 1 ? std::abs(dy) < 2 && std::abs(dx) < 8
                                        : std::abs(dx) < 2 && std::abs(dy) < 8;
          for (int c = 0; c < 3; ++c) {
            image.pixels[static_cast<size_t>((y * 20 + x) * 3 + c)] =
                static_cast<uint8_t>((ink ? 180 : 30) + rng.below(50));
          }
        }
      }
      write_file(folder / names[shape] / (std::to_string(i) + ".png"), encode_png(image));
    }
  }
}

void expect_success(const ProgramResult& result) { ASSERT_EQ(result.code, 0) << result.output; }

TEST(Job, FromAFolderToPredictionsOnNewFiles) {
  const TemporaryFolder temporary;
  const std::string data = (temporary.path() / "shapes").string(), fresh = (temporary.path() / "new").string();
  const std::string run = (temporary.path() / "run").string(), model = (temporary.path() / "model").string();
  write_shapes(data, 20, 1);
  write_shapes(fresh, 5, 2);
  expect_success(run_program("pretrain --data " + data + " --out " + run +
                             " --epochs 24 --batch 20 --encoder.width 8 --views.size 20 --progress none"));
  for (const char* name : {"run.toml", "metrics.jsonl", "report.html", "checkpoints/last.safetensors"}) {
    EXPECT_TRUE(fs::exists(fs::path(run) / name)) << name;
  }
  expect_success(run_program("evaluate --run " + run + " --few_label.labels_per_class 1,5 --episodes.ways 3 --episodes.queries 2"));
  EXPECT_TRUE(fs::exists(fs::path(run) / "evaluation.json"));

  expect_success(run_program("fit --run " + run + " --data " + data + "  --out " + model));
  const std::string csv = (temporary.path() / "predictions.csv").string();
  const auto predicted = run_program("predict --model " + model + " --data " + fresh + " --out " + csv);
  expect_success(predicted);
  const CsvTable table = read_csv_file(csv);
  EXPECT_EQ(table.header, (std::vector<std::string>{"path", "class", "probability", "novelty"}));
  ASSERT_EQ(table.rows.size(), 15U);
  int right = 0;
  for (const auto& row : table.rows) {
    right += row.fields[0].rfind(row.fields[1] + "/", 0) == 0;
    const double probability = std::stod(row.fields[2]), novelty = std::stod(row.fields[3]);
    EXPECT_GE(probability, 1.0 / 3 - 1e-3);
    EXPECT_LE(probability, 1.0);
    EXPECT_GE(novelty, 0.0);
    EXPECT_LE(novelty, 1.0);
  }
  EXPECT_GE(right, 12) << predicted.output;

  const std::string features = (temporary.path() / "features.npy").string();
  expect_success(run_program("embed --run " + run + " --data " + fresh + " --out " + features));
  EXPECT_EQ(read_npy_file(features).shape, (std::vector<int64_t>{15, 32}));
  EXPECT_TRUE(fs::exists(features + ".files.csv"));

  const auto found = run_program("search --run " + run + " --data " + fresh + " --query " + fresh +
                                 "/disc/0.png --count 3");
  expect_success(found);
  EXPECT_NE(found.output.find("disc/0.png,1.0000"), std::string::npos) << found.output;
  fs::copy(fresh + "/disc/0.png", fresh + "/disc/copy.png");
  const auto twins = run_program("duplicates --run " + run + " --data " + fresh + " --threshold 0.99999");
  expect_success(twins);
  EXPECT_NE(twins.output.find("disc/copy.png"), std::string::npos) << twins.output;
  expect_success(run_program("suggest --run " + run + " --data " + fresh + " --count 3"));
  expect_success(run_program("report " + run));
}

TEST(Job, AModelAndARunThatAreDamagedAreRefusedByName) {
  const TemporaryFolder temporary;
  const std::string model = (temporary.path() / "model").string();
  write_file(fs::path(model) / "model.safetensors", std::string("junk"));
  const auto result = run_program("predict --model " + model + " --data glyphs");
  EXPECT_EQ(result.code, 3);
  EXPECT_NE(result.output.find("model.safetensors"), std::string::npos) << result.output;
}

// Images of colour noise, 100 x 100.
void write_noise(const fs::path& folder, int count) {
  for (int i = 0; i < count; ++i) {
    Rng rng(3, {static_cast<uint64_t>(i)});
    Image image{100, 100, 3, std::vector<uint8_t>(30000)};
    for (auto& value : image.pixels) value = static_cast<uint8_t>(rng.below(256));
    write_file(folder / (std::to_string(i) + ".png"), encode_png(image));
  }
}

TEST(Pretrain, MakesLargePhotographsSmallUnlessASizeIsGiven) {
  const TemporaryFolder temporary;
  const std::string data = (temporary.path() / "noise").string(), run = (temporary.path() / "run").string();
  write_noise(data, 4);
  const std::string command = "pretrain --data " + data + " --out " + run + " --overwrite --steps 1 --batch 4 --encoder.width 4 --encoder.name small --progress lines";
  const auto size = [&] {
    const std::string text = read_text(fs::path(run) / "run.toml");
    const size_t at = text.find("\nsize = ");
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + 8));
  };
  const auto small = run_program(command);
  expect_success(small);
  EXPECT_EQ(size(), 64);
  EXPECT_NE(small.output.find("--views.size"), std::string::npos) << "it says how to look closer";
  expect_success(run_program(command + " --views.size 80"));
  EXPECT_EQ(size(), 80);
}

TEST(Sweep, SeedsReachTheEvaluationAndBaselinesAreMeasuredOnce) {
  const TemporaryFolder temporary;
  const fs::path data = temporary.path() / "shapes", out = temporary.path() / "table";
  write_shapes(data, 10, 1);
  const fs::path file = temporary.path() / "sweep.toml";
  write_file(file, "seeds = [3, 4]\n[pretrain]\ndata = \"" + data.string() +
                       "\"\nepochs = 1\nbatch = 10\nencoder.width = 4\nviews.size = 20\n"
                       "[evaluate]\neval = \"knn\"\n[[setting]]\nname = \"Plain\"\n");
  const std::string command = "sweep " + file.string() + " --out " + out.string();
  expect_success(run_program(command));
  const auto evaluation = [&](int seed) {
    return nlohmann::json::parse(
        read_text(out / "plain" / ("seed-" + std::to_string(seed)) / "evaluation.json"));
  };
  EXPECT_EQ(evaluation(3).at("seed"), 3);
  EXPECT_EQ(evaluation(4).at("seed"), 4);
  EXPECT_EQ(evaluation(3).at("protocols")[0].at("rows").size(), 3U);
  EXPECT_EQ(evaluation(4).at("protocols")[0].at("rows").size(), 1U);
  const std::string table = read_text(out / "table.md");
  for (const char* row : {"| Plain |", "| raw pixels |", "| untrained encoder |"}) {
    EXPECT_NE(table.find(row), std::string::npos) << row << "\n" << table;
  }
  // What is done is not done again.
  const auto before = fs::last_write_time(out / "plain" / "seed-3" / "evaluation.json");
  expect_success(run_program(command));
  EXPECT_EQ(fs::last_write_time(out / "plain" / "seed-3" / "evaluation.json"), before);
}

}  // namespace
}  // namespace likewise
