#include "likewise/train/bundle.hpp"

#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include "likewise/data/memory.hpp"

namespace likewise {
namespace {

Tensor pixels_of(int64_t side) {
  const Tensor image =
      at::arange(side * side, at::kLong).remainder(251).to(at::kByte).view({1, 1, side, side});
  const DatasetPtr data = memory_dataset(image.repeat({2, 1, 1, 1}));
  EncoderSpec spec;
  spec.stats = measure_images({data->get(0).parts[0]});
  spec.views.recipe = "none";
  spec.views.size = side;
  spec.views = resolve(spec.views, spec.stats);
  return extract_pixels(spec, data).set.x;
}

TEST(ExtractPixels, AveragesLargeImagesTo32) {
  EXPECT_EQ(pixels_of(16).sizes(), (std::vector<int64_t>{2, 256}));
  const Tensor averaged = pixels_of(64);
  ASSERT_EQ(averaged.sizes(), (std::vector<int64_t>{2, 1024}));
  // The first value is the mean of the first 2 x 2 pixels, 0, 1, 64, 65, normalised as they are; so
  // is the second of 2, 3, 66, 67: their distance is that of two grey levels.
  const Tensor whole = pixels_of(32);
  const float level = whole[0][1].item<float>() - whole[0][0].item<float>();
  EXPECT_GT(level, 0);
  EXPECT_NEAR(averaged[0][1].item<float>() - averaged[0][0].item<float>(), 2 * level, 0.05 * level);
}

TEST(EncoderSpec, FilesOfImagesAreAsBeforeAndOthersSayWhatTheyAre) {
  EncoderSpec images;
  images.encoder.name = "small";
  images.stats = measure_images({at::arange(64, at::kLong).to(at::kByte).view({1, 8, 8})});
  images.views = resolve(images.views, images.stats);
  const std::string text = images.to_toml();
  EXPECT_EQ(text.find("modality"), std::string::npos);
  EXPECT_EQ(text.find("[signal]"), std::string::npos);
  const EncoderSpec read = EncoderSpec::from_toml(text, "text");
  EXPECT_EQ(read.modality, Modality::image);
  EXPECT_EQ(read.data.modality, "image");
  EXPECT_EQ(read.to_toml(), text);

  EncoderSpec series = images;
  series.modality = Modality::series;
  series.data.columns = "x,y";
  series.data.window = 128;
  series.signal.channels = 2;
  series.signal.mean = {1, 2};
  const EncoderSpec again = EncoderSpec::from_toml(series.to_toml(), "text");
  EXPECT_EQ(again.modality, Modality::series);
  EXPECT_EQ(again.data.columns, "x,y");
  EXPECT_EQ(again.signal.mean, (std::vector<double>{1, 2}));
  EXPECT_EQ(again.to_toml(), series.to_toml());
}

}  // namespace
}  // namespace likewise
