// What a training view says that it looks at is all that it looks at, and photographs decoded for
// that alone give the same views, bit by bit.
#include <ATen/ops/equal.h>
#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include "image_support.hpp"
#include "likewise/data/image_tensor.hpp"
#include "likewise/views/recipes.hpp"

namespace likewise {
namespace {

ImageStats looks_at_stats(int64_t side) {
  ImageStats s;
  s.height = s.width = side;
  s.channels = 3;
  s.mean = {0.45, 0.45, 0.45};
  s.std = {0.25, 0.25, 0.25};
  return s;
}

// The image with everything outside the box replaced by `fill`.
Tensor only_inside(const Tensor& image, const PixelBox& box, int fill) {
  Tensor out = at::full_like(image, fill);
  const auto inside = [&](const Tensor& x) {
    return x.slice(1, box.top, box.top + box.height).slice(2, box.left, box.left + box.width);
  };
  inside(out).copy_(inside(image));
  return out;
}

std::vector<ImageViewOptions> many_options(const ImageStats& data) {
  std::vector<ImageViewOptions> out;
  for (const char* recipe : {"simclr", "cifar", "glyphs", "none"}) {
    for (const char* fit : {"crop", "pad"}) {
      ImageViewOptions o;
      o.recipe = recipe;
      o.fit = fit;
      o.local_crops = 1;
      o = resolve(o, data);
      o.size = data.height;
      out.push_back(o);
    }
  }
  return out;
}

TEST(LooksAt, IsAllThatAViewLooksAt) {
  const ImageStats data = looks_at_stats(40);
  int64_t smaller = 0;
  for (auto [h, w] : {std::pair<int64_t, int64_t>{60, 47}, {33, 90}, {1, 1}, {64, 64}}) {
    const Tensor image = random_bytes(1, 3, h, w);
    for (const ImageViewOptions& options : many_options(data)) {
      for (bool elementary : {false, true}) {
        for (const View& view : train_views(options, data, elementary)) {
          for (uint64_t draw = 0; draw < 4; ++draw) {
            const PixelBox box = view.looks_at(h, w, Rng(draw));
            ASSERT_TRUE(box.top >= 0 && box.left >= 0 && box.height >= 1 && box.width >= 1 &&
                        box.top + box.height <= h && box.left + box.width <= w);
            smaller += box.height * box.width < h * w;
            Rng a(draw), b(draw), c(draw);
            const Tensor whole = view(image, a);
            EXPECT_TRUE(at::equal(whole, view(only_inside(image, box, 0), b))) << options.recipe;
            EXPECT_TRUE(at::equal(whole, view(only_inside(image, box, 255), c))) << options.recipe;
          }
        }
      }
    }
  }
  EXPECT_GT(smaller, 100);
}

TEST(LooksAt, ATransformThatSaysNothingLooksAtAll) {
  const View view = [](const Tensor& x, Rng&) { return x; };
  const PixelBox box = view.looks_at(5, 7, Rng(1));
  EXPECT_EQ(box.top + box.left, 0);
  EXPECT_EQ(box.height, 5);
  EXPECT_EQ(box.width, 7);
}

TEST(LooksAt, ViewsOfAPartlyDecodedPhotographAreThoseOfTheWhole) {
  Image card{150, 210, 3, {}};
  Rng noise(3);
  for (int64_t i = 0; i < 150 * 210; ++i) {
    for (int64_t c = 0; c < 3; ++c) {
      const double t =
          0.02 * static_cast<double>((c + 1) * (i % 210)) + 0.0005 * static_cast<double>(i);
      card.pixels.push_back(static_cast<uint8_t>(128 + 80 * std::sin(t) + noise.uniform(-30, 30)));
    }
  }
  const auto bytes = encode_jpeg(card, 90);
  const Tensor whole = decode_tensor(bytes, "whole");
  const ImageStats data = looks_at_stats(32);
  ImageViewOptions options;
  options.recipe = "simclr";
  options = resolve(options, data);
  options.size = 32;
  const auto views = train_views(options, data);
  int64_t parts = 0;
  for (uint64_t draw = 0; draw < 60; ++draw) {
    const Tensor part = decode_tensor(bytes, "part", [&](int64_t height, int64_t width) {
      const PixelBox box = smallest_around(views[0].looks_at(height, width, Rng(draw, {0})),
                                           views[1].looks_at(height, width, Rng(draw, {1})));
      parts += box.height * box.width < height * width;
      return box;
    });
    for (uint64_t v = 0; v < 2; ++v) {
      Rng a(draw, {v}), b(draw, {v});
      ASSERT_TRUE(at::equal(views[v](whole, a), views[v](part, b))) << draw;
    }
  }
  EXPECT_GT(parts, 30);
}

}  // namespace
}  // namespace likewise
