// The health line names a learning rate that is far too low, on a real run, and is silent on good
// ones.
#include <gtest/gtest.h>

#include <filesystem>

#include "likewise/base/file.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/methods/byol.hpp"
#include "likewise/methods/simclr.hpp"
#include "likewise/train/pretrain.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

// 160 grey images of a bright bar each, 16 x 16.
void write_bars(const fs::path& path) {
  NpyArray array{"u1", {160, 16, 16}, {}};
  for (uint64_t i = 0; i < 160; ++i) {
    Rng rng(3, {i});
    const auto at = static_cast<int64_t>(rng.below(13)),
               width = static_cast<int64_t>(1 + rng.below(3));
    const bool upright = rng.below(2) == 0;
    for (int64_t y = 0; y < 16; ++y) {
      for (int64_t x = 0; x < 16; ++x) {
        const int64_t across = upright ? x : y;
        const bool ink = across >= at && across < at + width;
        array.bytes.push_back(static_cast<uint8_t>((ink ? 200 : 20) + rng.below(30)));
      }
    }
  }
  write_file(path, write_npy(array));
}

template <class M>
std::string last_verdict(double rate) {
  const TemporaryFolder temporary;
  write_bars(temporary.path() / "bars.npy");
  PretrainOptions options;
  options.data.path = (temporary.path() / "bars.npy").string();
  options.out = (temporary.path() / "run").string();
  options.views.recipe = "glyphs";
  options.views.size = 16;
  options.encoder.name = "small";
  options.encoder.width = 4;
  options.steps = 200;
  options.batch = 16;
  options.health_samples = 64;
  options.progress = "none";
  options.precision = "fp32";
  options.optim.lr = rate;
  MethodOptionsOf<M> method;
  Fields fields(options);
  method.describe(fields);
  return pretrain(options, method, fields).health;
}

bool says(const std::string& verdict, const char* name) { return verdict.rfind(name, 0) == 0; }

TEST(LearningRateOfARun, IsNamedWhenFarTooLowAndNotWhenGood) {
  for (const std::string& verdict : {last_verdict<Simclr>(4e-3), last_verdict<Byol>(4e-3)}) {
    EXPECT_FALSE(says(verdict, "learning rate")) << verdict;
  }
  const std::string low = last_verdict<Simclr>(1e-7);
  EXPECT_TRUE(says(low, "learning rate too low:")) << low;
}

}  // namespace
}  // namespace likewise
