// The seam: every modality measured, resolved and made into batches of the shape it says.
#include "likewise/views/input.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "likewise/base/error.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/data/memory.hpp"

namespace likewise::input_tests {
namespace {

Tensor noise(std::vector<int64_t> shape, uint64_t seed) {
  Tensor x = at::empty(shape, at::kFloat);
  Rng rng(seed);
  rng.fill_normal(x.data_ptr<float>(), x.numel());
  return x;
}

struct Case {
  const char* name;
  InputSpec asked;
  std::vector<Tensor> samples;
  double rate;
  std::vector<int64_t> shape;
};

std::vector<Case> cases() {
  std::vector<Case> out;
  std::vector<Tensor> sounds, series, vectors, planes;
  for (uint64_t i = 0; i < 6; ++i) {
    sounds.push_back(noise({i == 2 ? 2 : 1, 4000 + 100 * static_cast<int64_t>(i)}, i));
    series.push_back(noise({6, 128}, i) * 3 + 1);
    vectors.push_back(noise({10}, i) + 5);
    planes.push_back(noise({4, 8, 9}, i));
  }
  InputSpec audio, wave, motion, spectral, vector, plane;
  audio.modality = wave.modality = Modality::audio;
  audio.audio.size = 32;
  wave.audio.input = "wave";
  motion.modality = spectral.modality = Modality::series;
  spectral.series.recipe = "spectral_noise";
  vector.modality = plane.modality = Modality::tensor;
  out.push_back({"audio", audio, sounds, 8000, {1, 32, 32}});
  out.push_back(
      {"wave", wave, sounds, 8000, {1, 4504}});  // 0.563 s: 4500 frames, to the millisecond
  out.push_back({"series", motion, series, 50, {6, 128}});
  out.push_back({"series as spectrograms", spectral, series, 50, {6, 32, 26}});
  out.push_back({"vectors", vector, vectors, 0, {10}});
  out.push_back({"planes", plane, planes, 0, {4, 8, 9}});
  return out;
}

InputSpec settled_spec(const Case& c) {
  InputSpec spec = c.asked;
  DatasetInfo info;
  info.rate = c.rate;
  const InputKind& kind = input_kind(spec.modality);
  kind.measure(spec, c.samples, info);
  EXPECT_FALSE(kind.resolve(spec, c.samples).empty());
  return spec;
}

TEST(Input, ViewsHaveTheShapeThatTheSpecSaysAndAreStandardised) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const InputSpec spec = settled_spec(c);
    std::vector<int64_t> expected = c.shape;
    const InputShape shape = input_shape(spec);
    std::vector<int64_t> said = shape.batch(1);
    said.erase(said.begin());
    EXPECT_EQ(said, expected);
    const View plain = eval_view(spec);
    double sum = 0, squares = 0, count = 0;
    for (const Tensor& x : c.samples) {
      Rng a(0), b(1);
      const Tensor y = plain(x, a);
      EXPECT_TRUE(at::equal(y, plain(x, b))) << "evaluation is not random";
      EXPECT_EQ(y.sizes().vec(), expected);
      sum += y.sum().item<double>(), squares += y.pow(2).sum().item<double>();
      count += static_cast<double>(y.numel());
      for (const View& view : train_views(spec)) {
        const Tensor random = view(x, a);
        EXPECT_EQ(random.sizes().vec(), expected);
        EXPECT_TRUE(random.is_contiguous() && random.isfinite().all().item<bool>());
        EXPECT_FALSE(at::equal(random, y));
      }
    }
    EXPECT_NEAR(sum / count, 0, 1e-3);
    EXPECT_NEAR(squares / count, 1, 1e-3);
  }
}

TEST(Input, RecordingsStandardisedEachByItsOwnDoNotTellTheirLoudness) {
  Case audio = cases()[0];
  const Tensor quiet = audio.samples[0] * 0.1;
  Rng rng(0);
  const View by_data = eval_view(settled_spec(audio));
  EXPECT_GT((by_data(audio.samples[0], rng) - by_data(quiet, rng)).abs().max().item<double>(), 0.5);
  audio.asked.audio.standardize = "each";
  const View by_own = eval_view(settled_spec(audio));
  const Tensor y = by_own(audio.samples[0], rng);
  EXPECT_LT((y - by_own(quiet, rng)).abs().max().item<double>(), 1e-4);
  EXPECT_NEAR(y.mean().item<double>(), 0, 1e-5);
  EXPECT_NEAR(y.pow(2).mean().item<double>(), 1, 1e-4);
  const Tensor silence = at::zeros({1, 4000}, at::kFloat);
  EXPECT_EQ(by_own(silence, rng).abs().max().item<double>(), 0) << "no deviation is no division";
}

TEST(Input, OptionsSurviveTomlAndResolvingTwiceChangesNothing) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    InputSpec spec = settled_spec(c), again = spec;
    const std::string text = Fields(spec).to_toml();
    InputSpec read;
    read.modality = spec.modality;
    Fields(read).read_toml(text, "text");
    EXPECT_EQ(Fields(read).to_toml(), text);
    input_kind(again.modality).resolve(again, {});
    EXPECT_EQ(Fields(again).to_toml(), text);
    Rng a(0), b(0);
    EXPECT_TRUE(
        at::equal(train_views(read)[0](c.samples[0], a), train_views(spec)[0](c.samples[0], b)));
  }
}

TEST(Input, BatchesDoNotDependOnTheNumberOfThreads) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    if (c.rate == 8000) continue;  // of different lengths: not one tensor in memory
    const InputSpec spec = settled_spec(c);
    std::vector<int64_t> shape = c.samples[0].sizes().vec();
    shape.insert(shape.begin(), 6);
    Tensor all = at::empty(shape, at::kFloat);
    for (int64_t i = 0; i < 6; ++i) all[i].copy_(c.samples[static_cast<size_t>(i)]);
    DatasetInfo info;
    info.modality = spec.modality;
    info.rate = c.rate;
    const auto data = memory_dataset(all, {}, {}, info);
    std::vector<Batch> made[2];
    for (const int64_t threads : {1, 3}) {
      LoaderOptions options;
      options.batch = 3;
      options.threads = threads;
      Loader loader(data, train_views(spec), options);
      for (int i = 0; i < 4; ++i) made[threads == 3].push_back(loader.next());
    }
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_TRUE(at::equal(made[0][i].views[0], made[1][i].views[0]));
      EXPECT_TRUE(at::equal(made[0][i].views[1], made[1][i].views[1]));
    }
  }
}

TEST(Input, PicturesOfEveryShape) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const InputSpec spec = settled_spec(c);
    Rng rng(0);
    const Image image =
        input_kind(spec.modality).picture(spec, eval_view(spec)(c.samples[0], rng), 40);
    EXPECT_EQ(image.height, 40);
    EXPECT_EQ(image.width, 40);
    EXPECT_EQ(static_cast<int64_t>(image.pixels.size()), 40 * 40 * image.channels);
  }
}

TEST(Input, SamplesThatDoNotFitAreNamed) {
  const auto all = cases();
  const InputSpec series = settled_spec(all[2]), vectors = settled_spec(all[4]);
  Rng rng(0);
  EXPECT_THROW(eval_view(series)(noise({5, 128}, 0), rng), DataError);
  EXPECT_THROW(eval_view(vectors)(noise({11}, 0), rng), DataError);
}

}  // namespace
}  // namespace likewise::input_tests
