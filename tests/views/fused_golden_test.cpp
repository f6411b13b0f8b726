// The fused view against torchvision's tensor functions, called with what the view draws.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "image_support.hpp"
#include "likewise/views/recipes.hpp"
#include "support/golden.hpp"

namespace likewise {
namespace {

TEST(FusedGolden, ViewsEqualTorchvisionsFunctionsInTurn) {
  const Golden images("views"), golden("fused_views");
  ImageStats data;
  data.channels = 3;
  data.mean = {0.485, 0.456, 0.406};
  data.std = {0.229, 0.224, 0.225};
  double worst = 0.0;
  for (const char* name : {"square", "wide"}) {
    const std::string key = std::string("images/") + name;
    const auto& bytes = images.integers(key);
    const bool square = name == std::string("square");
    Tensor image = at::empty({3, square ? 64 : 48, 64}, at::kByte);
    ASSERT_EQ(static_cast<int64_t>(bytes.size()), image.numel());
    std::copy(bytes.begin(), bytes.end(), image.data_ptr<uint8_t>());
    for (int64_t side : {32, 224}) {
      data.height = data.width = side;
      ImageViewOptions options;
      options.recipe = "simclr";
      options.jitter = 0.5;
      options = resolve(options, data);
      options.size = side;
      const View view = train_views(options, data)[0];
      const auto expected = golden.values(std::string(name) + "_" + std::to_string(side));
      const int64_t views = side == 32 ? 24 : 8, every = side == 32 ? 7 : 397;  // values kept
      const int64_t kept = (3 * side * side + every - 1) / every;
      ASSERT_EQ(static_cast<int64_t>(expected.size()), views * kept);
      for (int64_t v = 0; v < views; ++v) {
        Rng rng(static_cast<uint64_t>(v), {77});
        const Tensor got = view(image, rng);
        for (int64_t i = 0; i < kept; ++i) {
          const double value = got.data_ptr<float>()[i * every];
          ASSERT_TRUE(std::isfinite(value));
          worst = std::max(worst, std::abs(value - expected[static_cast<size_t>(v * kept + i)]));
        }
      }
    }
  }
  EXPECT_LE(worst, 2e-5);
  RecordProperty("largest_difference", std::to_string(worst));
  std::printf("largest difference %.3g\n", worst);
}

}  // namespace
}  // namespace likewise
