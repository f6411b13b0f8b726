#include "likewise/fewshot/one_shot_runs.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <set>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/data/open.hpp"
#include "likewise/fewshot/episode.hpp"
#include "likewise/formats/image.hpp"
#include "support/hostile.hpp"

namespace likewise::fewshot {
namespace {

namespace fs = std::filesystem;

std::string omniglot() {
  const char* root = std::getenv("LIKEWISE_DATA");
  if (root == nullptr || *root == '\0') return "";
  const fs::path path = fs::path(root) / "omniglot";
  return fs::exists(path / "run01") ? path.string() : "";
}

Tensor drawing(const std::vector<std::pair<int64_t, int64_t>>& ink) {
  Tensor x = at::zeros({1, 20, 20}, at::kByte);
  for (const auto& [row, column] : ink) x[0][row][column] = 255;
  return x;
}

TEST(ModifiedHausdorff, IsZeroForShiftedCopiesSymmetricAndTheMeanByHand) {
  const Tensor a = drawing({{3, 3}, {3, 7}});
  EXPECT_NEAR(modified_hausdorff(a, at::roll(a, {4, 5}, {1, 2})), 0, 1e-12);
  // {-2, 2} on a line against {-1, 0, 1}: from a 1 and 1, from b 1, 2, 1.
  const Tensor b = drawing({{9, 4}, {9, 5}, {9, 6}});
  EXPECT_NEAR(modified_hausdorff(a, b), 4.0 / 3, 1e-12);
  EXPECT_EQ(modified_hausdorff(a, b), modified_hausdorff(b, a));
  EXPECT_THROW(modified_hausdorff(a, drawing({})), UserError);
}

void write_run(const fs::path& folder, const std::string& labels) {
  Image image{5, 5, 1, std::vector<uint8_t>(25, 255)};
  for (size_t i = 0; i < 2; ++i) {
    image.pixels[6 * i] = 0;
    const std::string n = std::to_string(i + 1);
    write_file(folder / "run01" / "training" / ("class" + n + ".png"), encode_png(image));
    write_file(folder / "run01" / "test" / ("item" + n + ".png"), encode_png(image));
  }
  write_file(folder / "run01" / "class_labels.txt", labels);
}

TEST(OneShotRuns, AreReadAndTestImagesPairedWithTheirClass) {
  const TemporaryFolder folder;
  write_run(folder.path(),
            "run01/test/item1.png run01/training/class2.png\nrun01/test/item2.png "
            "run01/training/class1.png\n");
  const auto runs = find_one_shot_runs(folder.path());
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].test[0], "run01/test/item1.png");
  EXPECT_EQ(runs[0].training[0], "run01/training/class2.png");
  EXPECT_EQ(read_ink(folder.path(), runs[0].training[1])[0][0][0].item<int>(), 255) << "ink";
}

TEST(OneShotRuns, SayWhatIsWrong) {
  const TemporaryFolder folder;
  EXPECT_THROW(find_one_shot_runs(folder.path()), UserError);
  EXPECT_THROW(find_one_shot_runs(folder / "nowhere"), UserError);
  const std::string good = "run01/test/item1.png run01/training/class1.png\n";
  for (const std::string bad :
       {"run01/test/item2.png\n", "run01/test/item2.png run01/training/class9.png\n",
        "run01/test/item2.png run01/training/class1.png\n", ""}) {
    write_run(folder.path(), good + bad);
    EXPECT_THROW(find_one_shot_runs(folder.path()), DataError) << bad;
  }
}

TEST(RealOneShotRuns, TheModifiedHausdorffDistanceErrsAsItsAuthorsSay) {
  const std::string path = omniglot();
  if (path.empty()) GTEST_SKIP() << "LIKEWISE_DATA names no folder with omniglot/run01";
  const auto runs = find_one_shot_runs(path);
  ASSERT_GE(runs.size(), 2U);
  EXPECT_NEAR(1 - hausdorff_accuracy(path, runs[0]), 0.45, 1e-12);
  EXPECT_NEAR(1 - hausdorff_accuracy(path, runs[1]), 0.35, 1e-12);
}

TEST(RealEpisodes, VinyalsSplitHas4800And1692ClassesInFourTurns) {
  const std::string path = omniglot();
  if (path.empty()) GTEST_SKIP() << "LIKEWISE_DATA names no folder with omniglot";
  for (const auto& [part, classes] :
       {std::pair<std::string, int64_t>{"train", 1200}, {"test", 423}}) {
    const DatasetPtr data = open_dataset(path + "#vinyals-" + part);
    const EpisodeShape shape{20, 5, 15};  // all 20 drawings of each
    EXPECT_EQ(EpisodeSampler(items_of(*data), shape).classes(), classes);
    EXPECT_EQ(EpisodeSampler(items_of(*data, 4), shape).classes(), 4 * classes);
  }
}

}  // namespace
}  // namespace likewise::fewshot
