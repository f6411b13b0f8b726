// Windows of JPEG files against the same pixels of the whole image, bit by bit.
#include <cstdio>

// jpeglib.h needs the declarations of stdio.h first.
#include <gtest/gtest.h>
#include <jpeglib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "likewise/formats/image.hpp"
#include "support/golden.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

struct Sampling {
  int h = 1, v = 1;  // of the luma; colours have 1 x 1
  bool grey = false, progressive = false, arithmetic = false;
  int restart = 0;  // units between restart markers
};

// Smooth shades with hard edges and noise in all channels.
Image window_card(int64_t height, int64_t width, int64_t channels) {
  Image image{height, width, channels, {}};
  Rng rng(9, {static_cast<uint64_t>(height), static_cast<uint64_t>(width)});
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t c = 0; c < channels; ++c) {
        const double t = 0.05 * static_cast<double>((c + 1) * x) - 0.11 * static_cast<double>(y);
        const double edge = (x / 13 + y / 7 + c) % 3 == 0 ? 60.0 : 0.0;
        const double value = 100.0 + 70.0 * std::sin(t) + edge + rng.uniform(-25.0, 25.0);
        image.pixels.push_back(static_cast<uint8_t>(std::clamp(value, 0.0, 255.0)));
      }
    }
  }
  return image;
}

std::vector<uint8_t> jpeg_of(const Image& image, const Sampling& sampling) {
  jpeg_compress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;  // NOLINT: the library's type
  jpeg_mem_dest(&codec, &buffer, &size);
  codec.image_height = static_cast<JDIMENSION>(image.height);
  codec.image_width = static_cast<JDIMENSION>(image.width);
  codec.input_components = static_cast<int>(image.channels);
  codec.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, 90, TRUE);
  codec.comp_info[0].h_samp_factor = sampling.h;
  codec.comp_info[0].v_samp_factor = sampling.v;
  codec.restart_interval = static_cast<unsigned>(sampling.restart);
  codec.arith_code = sampling.arithmetic;
  if (sampling.progressive) jpeg_simple_progression(&codec);
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    auto* row = const_cast<JSAMPROW>(image.pixels.data()) +
                static_cast<int64_t>(codec.next_scanline) * image.width * image.channels;
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  std::vector<uint8_t> bytes(buffer, buffer + size);
  std::free(buffer);
  return bytes;
}

struct Planes {
  int64_t channels = 0, height = 0, width = 0;
  std::vector<uint8_t> pixels;
};

// What is not written keeps `fill`.
Planes planes_of(std::span<const uint8_t> bytes, const Window& window, uint8_t fill) {
  Planes out;
  decode_planes(
      bytes, "memory",
      [&](int64_t channels, int64_t height, int64_t width) {
        out.channels = channels;
        out.height = height;
        out.width = width;
        out.pixels.assign(static_cast<size_t>(channels * height * width), fill);
        return out.pixels.data();
      },
      window);
  return out;
}

// The pixels of the box are those of `whole`; returns how many others were not written.
int64_t expect_window(std::span<const uint8_t> bytes, const Planes& whole, const PixelBox& box,
                      const std::string& what) {
  const auto window = [&](int64_t height, int64_t width) {
    EXPECT_EQ(height, whole.height);
    EXPECT_EQ(width, whole.width);
    return box;
  };
  const Planes zero = planes_of(bytes, window, 0), full = planes_of(bytes, window, 255);
  EXPECT_EQ(zero.pixels.size(), whole.pixels.size());
  int64_t left_out = 0, wrong = 0;
  for (int64_t c = 0; c < whole.channels; ++c) {
    for (int64_t y = 0; y < whole.height; ++y) {
      for (int64_t x = 0; x < whole.width; ++x) {
        const auto at = static_cast<size_t>((c * whole.height + y) * whole.width + x);
        const bool inside =
            y >= box.top && y < box.top + box.height && x >= box.left && x < box.left + box.width;
        left_out += zero.pixels[at] != full.pixels[at];
        wrong +=
            inside && (zero.pixels[at] != whole.pixels[at] || full.pixels[at] != whole.pixels[at]);
      }
    }
  }
  EXPECT_EQ(wrong, 0) << what << ": " << box.height << " x " << box.width << " at " << box.top
                      << ", " << box.left;
  return left_out;
}

std::vector<PixelBox> boxes(int64_t height, int64_t width) {
  std::vector<PixelBox> out = {{0, 0, height, width},         {0, 0, 1, 1},
                               {height - 1, width - 1, 1, 1}, {0, width - 1, height, 1},
                               {height - 1, 0, 1, width},     {height / 2, width / 2, 1, 1}};
  Rng rng(4, {static_cast<uint64_t>(height), static_cast<uint64_t>(width)});
  for (int i = 0; i < 60; ++i) {
    const int64_t h = 1 + rng.below(height), w = 1 + rng.below(width);
    const int64_t top = rng.below(height - h + 1);
    out.push_back({top, rng.below(width - w + 1), h, w});
  }
  // Every phase against the units, in both directions.
  for (int64_t i = 0; i < std::min(height, width) - 1; ++i) out.push_back({i, i, 1, 1});
  for (int64_t i = 0; i < std::min(height, width) - 1; ++i) {
    out.push_back({i, i, std::min<int64_t>(9, height - i), std::min<int64_t>(7, width - i)});
  }
  return out;
}

TEST(JpegWindow, EqualsThatPartOfTheWholeImage) {
  for (const auto& [height, width] :
       {std::pair<int64_t, int64_t>{61, 83}, {64, 48}, {17, 130}, {8, 8}, {1, 40}, {50, 3}}) {
    for (Sampling s : {Sampling{1, 1},
                       {2, 1},
                       {2, 2},
                       {1, 2},
                       {4, 1},
                       {4, 2},
                       {1, 1, true},
                       {2, 2, true},
                       {2, 2, false, true},
                       {2, 2, false, false, true},
                       {2, 2, false, false, false, 3},
                       {2, 1, false, false, false, 1}}) {
      const Image card = window_card(height, width, s.grey ? 1 : 3);
      const auto bytes = jpeg_of(card, s);
      const Planes whole = planes_of(bytes, {}, 0);
      const std::string what = std::to_string(height) + " x " + std::to_string(width) + ", " +
                               std::to_string(s.h) + " x " + std::to_string(s.v) +
                               (s.grey ? ", grey" : "") + (s.progressive ? ", progressive" : "") +
                               (s.arithmetic ? ", arithmetic" : "") +
                               (s.restart > 0 ? ", restart" : "");
      for (const PixelBox& box : boxes(height, width)) expect_window(bytes, whole, box, what);
      if (HasFailure()) return;
    }
  }
}

TEST(JpegWindow, LeavesTheRestAlone) {
  const auto bytes = jpeg_of(window_card(61, 83, 3), {2, 2});
  EXPECT_EQ(expect_window(bytes, planes_of(bytes, {}, 0), {20, 30, 10, 15}, "middle"),
            3 * (61 * 83 - 10 * 15));
}

TEST(JpegWindow, PlanesAreThePixelsOfTheImageForEveryKindOfFile) {
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(Golden::path("formats/images"))) {
    const auto bytes = read_bytes(file.path());
    const std::string name = file.path().filename().string();
    if (name.find("broken") != std::string::npos) continue;
    const Image image = decode_image(bytes, name);
    for (const Window& window : {Window{}, Window{[](int64_t h, int64_t w) {
                                   return PixelBox{0, 0, h, w};
                                 }}}) {
      const Planes planes = planes_of(bytes, window, 0);
      ASSERT_EQ(planes.height, image.height) << name;
      ASSERT_EQ(planes.width, image.width) << name;
      ASSERT_EQ(planes.channels, image.channels) << name;
      for (size_t i = 0; i < image.pixels.size(); ++i) {
        const size_t channels = static_cast<size_t>(image.channels);
        const size_t plane = image.pixels.size() / channels;
        ASSERT_EQ(planes.pixels[i % channels * plane + i / channels], image.pixels[i]) << name;
      }
    }
    ++files;
  }
  EXPECT_GE(files, 8);
}

TEST(JpegWindow, WithoutAWindowDamageIsFoundAnywhere) {
  const auto bytes = jpeg_of(window_card(61, 83, 3), {2, 2});
  const auto top = [](int64_t, int64_t) { return PixelBox{0, 0, 8, 8}; };
  const ByteReader whole = [](std::span<const uint8_t> b) { planes_of(b, {}, 0); };
  const ByteReader part = [&](std::span<const uint8_t> b) { planes_of(b, top, 0); };
  expect_truncations_refused(whole, bytes, "whole");
  expect_truncations_survived(part, bytes, "part");
  expect_bit_flips_survived(whole, bytes, "whole");
  expect_bit_flips_survived(part, bytes, "part");
  const auto half = std::span(bytes).first(bytes.size() * 3 / 4);
  EXPECT_FALSE(refuses(part, half, "the window lies in the first half"));
}

}  // namespace
}  // namespace likewise
