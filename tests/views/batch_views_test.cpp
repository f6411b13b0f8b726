// The GPU's views, made by their twin on a processor, against the chains of elementary views that
// define them: same stream, same image. The GPU compiles the same text.
#include "views/batch_views.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "image_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/data/memory.hpp"

namespace likewise {
namespace {

constexpr double kTolerance = 1e-4;  // in [0, 1], before normalisation

// A ragged batch: images of these sizes, by turns with one channel and three.
std::vector<Tensor> images_of(const std::vector<std::pair<int64_t, int64_t>>& sides,
                              int64_t draws) {
  std::vector<Tensor> images;
  for (int64_t i = 0; i < draws; ++i) {
    const auto [h, w] = sides[static_cast<size_t>(i) % sides.size()];
    images.push_back(random_bytes(static_cast<uint64_t>(i), i / 2 % 2 == 0 ? 3 : 1, h, w));
  }
  return images;
}

// Records and where they begin.
std::pair<Tensor, Tensor> packed(const BatchViews& views, const std::vector<Tensor>& images,
                                 std::vector<Rng>& streams) {
  std::vector<Tensor> records;
  std::vector<int64_t> starts;
  int64_t bytes = 0;
  const View record = views.record();
  for (size_t i = 0; i < images.size(); ++i) {
    records.push_back(record(images[i], streams[i]));
    starts.push_back(bytes);
    bytes += records.back().numel();
    EXPECT_EQ(bytes % 8, 0);
  }
  return {at::cat(records), at::tensor(starts)};
}

std::vector<Rng> streams_of(size_t count, uint64_t seed) {
  std::vector<Rng> streams;
  for (uint64_t i = 0; i < count; ++i) streams.emplace_back(seed, std::initializer_list{i});
  return streams;
}

void expect_batch_equals_chain(ImageViewOptions options, const ImageStats& data,
                               const std::vector<Tensor>& images, const std::string& what) {
  options = resolve(options, data);
  options.size = data.height;
  const std::vector<View> chains[2] = {train_views(options, data, true),
                                       train_views(options, data)};
  const BatchViews views(options, data, options.size, options.crop_min, options.crop_max);
  auto streams = streams_of(images.size(), 7);
  const auto [records, starts] = packed(views, images, streams);
  const Tensor got = views.make(records, starts);
  for (size_t i = 0; i < images.size(); ++i) {
    Rng ends(0);
    for (const auto& chain : chains) {
      Rng rng(7, {i});
      const Tensor expected = chain[0](images[i], rng);
      ends = rng;
      expect_near(got[static_cast<int64_t>(i)], values_of(expected), kTolerance / 0.25,
                  what + ", image " + std::to_string(i));
    }
    EXPECT_EQ(streams[i].next_u64(), ends.next_u64()) << what << ": the stream, image " << i;
  }
}

TEST(BatchViews, EqualTheElementaryChainForEveryRecipe) {
  const auto images = images_of({{40, 37}, {3, 90}, {32, 32}, {1, 1}}, 16);
  for (const ViewRecipe& recipe : view_recipes()) {
    for (int64_t channels : {1, 3}) {
      for (int64_t side : {1, 8, 33}) {
        ImageViewOptions options;
        options.recipe = recipe.name;
        expect_batch_equals_chain(options, stats_of(channels, side, 0.1), images,
                                  recipe.name + ", " + std::to_string(channels) + " channels, " +
                                      std::to_string(side) + " px");
      }
    }
  }
}

// Every subset of the options, each at full probability: 2^12 of them, thinned by a stride that is
// prime to it.
TEST(BatchViews, EqualTheElementaryChainForCombinationsOfOptions) {
  const auto images = images_of({{28, 28}, {9, 50}}, 2);
  for (int64_t number = 0; number < 4096; number += 5) {
    const auto has = [number](int bit) { return (number >> bit) & 1; };
    ImageViewOptions o;
    o.recipe = "none";
    o.crop_min = has(0) ? 0.2 : 1.0;
    o.crop_max = 1.0;
    o.fit = has(1) ? "pad" : "crop";
    o.rotate = has(2) ? 40 : 0;
    o.translate = has(2) ? 0.2 : 0;
    o.flip = has(3) ? 1 : 0;
    o.jitter_probability = 1;
    o.brightness = o.hue = has(4) ? 0.4 : 0;
    o.contrast = o.saturation = has(5) ? 0.6 : 0;
    o.gray = has(6) ? 0.5 : 0;
    o.blur = has(7) ? 1 : 0;
    o.solarize = has(8) ? 1 : 0;
    o.stroke = has(9) ? 1 : 0;
    o.gamma = has(10) ? 0.3 : 0;
    o.noise = has(11) ? 0.1 : 0;
    o.cutout = has(3) ? 1 : 0;
    o.cutout_size = 0.4;
    expect_batch_equals_chain(o, stats_of(number % 3 == 0 ? 1 : 3, 20, number % 2 == 0 ? 0.0 : 1.0),
                              images, "combination " + std::to_string(number));
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

TEST(BatchViews, EqualTheElementaryChainOnALargePhotograph) {
  ImageViewOptions o;
  o.recipe = "natural";
  expect_batch_equals_chain(o, stats_of(3, 224, 0), images_of({{375, 500}}, 2), "photograph");
}

TEST(BatchViews, AreWrittenInEveryTypeAndLayout) {
  ImageViewOptions o;
  o.recipe = "simclr";
  const ImageStats data = stats_of(3, 24, 0);
  o = resolve(o, data);
  o.size = 24;
  const BatchViews views(o, data, 24, o.crop_min, o.crop_max);
  const auto images = images_of({{30, 31}}, 5);
  auto streams = streams_of(5, 3);
  const auto [records, starts] = packed(views, images, streams);
  const Tensor plain = views.make(records, starts);
  for (at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    for (bool last : {false, true}) {
      const Tensor got = views.make(records, starts, {type, last});
      EXPECT_EQ(got.scalar_type(), type);
      EXPECT_EQ(got.is_contiguous(at::MemoryFormat::ChannelsLast), last);
      expect_equal(got, plain.to(type), c10::toString(type));
    }
  }
}

TEST(BatchViews, RoundToHalfTypesAsLibtorchDoes) {
  for (uint64_t i = 0; i < 200000; ++i) {
    const auto bits = static_cast<uint32_t>(mix64(i));
    // All exponents, and often bits that lie in the middle between two results.
    const uint32_t u = i % 3 == 0 ? bits : (bits & 0xFFFFE000U) | (i % 3 == 1 ? 0x1000U : 0U);
    float x = 0;
    std::memcpy(&x, &u, 4);
    const auto bfloat = c10::BFloat16(kernels::gpu::to_bfloat16(x), c10::BFloat16::from_bits());
    const auto half = c10::Half(kernels::gpu::to_float16(x), c10::Half::from_bits());
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(static_cast<float>(bfloat)) && std::isnan(static_cast<float>(half)));
      continue;
    }
    ASSERT_EQ(bfloat.x, c10::BFloat16(x).x) << x;
    ASSERT_EQ(half.x, c10::Half(x).x) << x;
  }
}

TEST(BatchViews, OfALoadersRecordsAreTheLoadersViews) {
  const Tensor images = random_bytes(9, 3, 40 * 20, 24).view({3, 40, 20, 24}).transpose(0, 1);
  const DatasetPtr data = memory_dataset(images.contiguous());
  const ImageStats of_data = stats_of(3, 16, 0);
  ImageViewOptions o;
  o.recipe = "simclr";
  o.local_crops = 1;
  o = resolve(o, of_data);
  std::vector<Transform> records;
  const auto views = batch_views(o, of_data);
  for (const BatchViews& one : views) records.push_back(one.record());
  for (const int64_t threads : {1, 3}) {
    LoaderOptions options;
    options.batch = 7;
    options.seed = 5;
    Loader plain(data, train_views(o, of_data), options);
    options.records = true;
    options.threads = threads;
    Loader packed_loader(data, records, options);
    for (int step = 0; step < 8; ++step) {  // an epoch and more: whole images, then windows of them
      const Batch expected = plain.next(), got = packed_loader.next();
      ASSERT_EQ(got.starts.size(), views.size());
      expect_equal(got.index, expected.index, "index");
      for (size_t v = 0; v < views.size(); ++v) {
        expect_near(views[v].make(got.views[v], got.starts[v]), values_of(expected.views[v]),
                    kTolerance / 0.25, "view " + std::to_string(v));
      }
    }
  }
}

TEST(BatchViews, RefuseWhatIsNoImageOfBytes) {
  const ImageStats data = stats_of(3, 8, 0);
  ImageViewOptions o = resolve({}, data);
  const BatchViews views(o, data, 8, 1.0, 1.0);
  auto streams = streams_of(1, 1);
  EXPECT_THROW(views.record()(random_image(1, 3, 8, 8), streams[0]), UserError);
  const auto [records, starts] = packed(views, {random_bytes(1, 3, 8, 8)}, streams);
  EXPECT_THROW(views.make(records, starts, {at::kDouble}), UserError);
}

}  // namespace
}  // namespace likewise
