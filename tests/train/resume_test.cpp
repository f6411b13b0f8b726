#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/methods/simclr.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/evaluate.hpp"
#include "likewise/train/pretrain.hpp"
#include "likewise/train/run_folder.hpp"
#include "support/hostile.hpp"
#include "support/tiny_methods.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;
using likewise::testing::Stopping;

// 60 grey images of 16 x 16 as a .npy file.
fs::path images(const fs::path& folder) {
  NpyArray array{"u1", {60, 16, 16}, {}};
  Rng rng(3);
  for (int i = 0; i < 60 * 256; ++i) array.bytes.push_back(static_cast<uint8_t>(rng.below(256)));
  const fs::path path = folder / "images.npy";
  write_file(path, write_npy(array));
  return path;
}

PretrainOptions options_of(const fs::path& folder, const std::string& run) {
  PretrainOptions options;
  options.data.path = (folder / "images.npy").string();
  options.out = (folder / run).string();
  options.views.recipe = "glyphs";
  options.views.size = 16;
  options.encoder.name = "small";
  options.encoder.width = 4;
  options.steps = 14;
  options.batch = 8;
  options.health_samples = 16;
  options.ema = 0.9;
  options.progress = "none";
  options.precision = "fp32";
  return options;
}

template <class M>
PretrainResult run(PretrainOptions options) {
  MethodOptionsOf<M> method;
  Fields fields(options);
  method.describe(fields);
  return pretrain(options, method, fields);
}

std::vector<uint8_t> final_checkpoint(const fs::path& folder, const std::string& run) {
  return read_bytes(RunFolder{folder / run}.checkpoint());
}

TEST(Resume, AStoppedRunEndsInTheBitsOfOneThatWasNot) {
  const TemporaryFolder temporary;
  images(temporary.path());
  EXPECT_FALSE(run<Stopping>(options_of(temporary.path(), "whole")).interrupted);
  Stopping::stop_at = 5;
  const auto stopped = run<Stopping>(options_of(temporary.path(), "parts"));
  EXPECT_TRUE(stopped.interrupted);
  EXPECT_EQ(stopped.steps, 5);
  PretrainOptions again = options_of(temporary.path(), "parts");
  again.resume = true;
  EXPECT_FALSE(run<Stopping>(again).interrupted);
  EXPECT_EQ(final_checkpoint(temporary.path(), "whole"), final_checkpoint(temporary.path(), "parts"));
}

TEST(Pretrain, TheNumberOfLoaderThreadsDoesNotChangeTheCheckpoint) {
  const TemporaryFolder temporary;
  images(temporary.path());
  for (int64_t workers : {1, 2, 4}) {
    PretrainOptions options = options_of(temporary.path(), "w" + std::to_string(workers));
    options.data.workers = workers;
    run<Simclr>(options);
  }
  const auto one = final_checkpoint(temporary.path(), "w1");
  EXPECT_EQ(one, final_checkpoint(temporary.path(), "w2"));
  EXPECT_EQ(one, final_checkpoint(temporary.path(), "w4"));
}

TEST(Pretrain, AnotherSeedGivesAnotherCheckpoint) {
  const TemporaryFolder temporary;
  images(temporary.path());
  run<Simclr>(options_of(temporary.path(), "a"));
  PretrainOptions other = options_of(temporary.path(), "b");
  other.seed = 1;
  run<Simclr>(other);
  EXPECT_NE(final_checkpoint(temporary.path(), "a"), final_checkpoint(temporary.path(), "b"));
}

TEST(Pretrain, AnExistingRunIsKeptUnlessAskedOtherwise) {
  const TemporaryFolder temporary;
  images(temporary.path());
  run<Simclr>(options_of(temporary.path(), "a"));
  EXPECT_THROW(run<Simclr>(options_of(temporary.path(), "a")), UserError);
  PretrainOptions replace = options_of(temporary.path(), "a");
  replace.overwrite = true;
  EXPECT_NO_THROW(run<Simclr>(replace));
  PretrainOptions absent = options_of(temporary.path(), "absent");
  absent.resume = true;
  EXPECT_THROW(run<Simclr>(absent), UserError);
}

TEST(Pretrain, TwoBudgetsAreRefused) {
  const TemporaryFolder temporary;
  images(temporary.path());
  PretrainOptions options = options_of(temporary.path(), "a");
  options.epochs = 1;
  EXPECT_THROW(run<Simclr>(options), UserError);
}

TEST(Pretrain, ALossThatIsNotFiniteStopsAndNamesTheLastCheckpoint) {
  const TemporaryFolder temporary;
  images(temporary.path());
  PretrainOptions options = options_of(temporary.path(), "a");
  options.optim.name = "sgd";
  options.optim.lr = 1e30;
  options.checkpoint_steps = 1;
  try {
    run<Simclr>(options);
    FAIL() << "training went on";
  } catch (const TrainingError& error) {
    EXPECT_NE(std::string(error.what()).find("last good checkpoint"), std::string::npos)
        << error.what();
    EXPECT_NO_THROW(load_encoder(options.out));
  }
}

TEST(RunLock, ASecondWriterIsRefused) {
  const TemporaryFolder temporary;
  const RunLock first(temporary.path() / "run");
  EXPECT_THROW(RunLock(temporary.path() / "run"), UserError);
}

}  // namespace
}  // namespace likewise
