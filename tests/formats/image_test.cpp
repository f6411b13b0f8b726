#include "likewise/formats/image.hpp"

#include <gtest/gtest.h>
#include <png.h>
#include <webp/decode.h>
#include <webp/encode.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "support/golden.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

// Grey repeated to RGB, as the golden pixels are.
std::vector<double> image_as_rgb(const Image& image) {
  std::vector<double> rgb;
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    rgb.insert(rgb.end(), image.channels == 1 ? 3 : 1, image.pixels[i]);
  }
  return rgb;
}

double image_distance(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

Image test_card(int64_t height, int64_t width, int64_t channels) {
  Image image{height, width, channels, {}};
  Rng rng(5, {static_cast<uint64_t>(height), static_cast<uint64_t>(width)});
  for (int64_t i = 0; i < height * width * channels; ++i) {
    image.pixels.push_back(static_cast<uint8_t>(rng.below(256)));
  }
  return image;
}

ByteReader image_reader() {
  return [](std::span<const uint8_t> bytes) { decode_image(bytes, "memory", 1 << 20); };
}

TEST(Image, DecodesWhatPillowDecodes) {
  const Golden golden("formats");
  for (const auto& file : golden.entry("image_files").at("files")) {
    const std::string name = file.at("file");
    const auto path = Golden::path(name);
    EXPECT_TRUE(has_image_extension(path));
    if (file.at("expect") == "refuse") {
      EXPECT_THROW(read_image(path), DataError) << name;
      continue;
    }
    if (name.find("alpha") != std::string::npos) continue;  // Pillow drops alpha; see below
    const Image got = read_image(path);
    const std::string mode = file.at("mode_in_file");
    EXPECT_EQ(got.channels, mode == "L" || mode == "1" || mode == "I;16" ? 1 : 3) << name;
    const std::string key = file.at("pixels");
    EXPECT_EQ((std::vector<int64_t>{got.height, got.width, 3}), golden.shape(key)) << name;
    // Lossy: the tolerance of the golden file. 16 bit: it has v >> 8, we round.
    const bool lossy = path.extension() == ".jpg", sixteen = mode == "I;16";
    EXPECT_LE(image_distance(image_as_rgb(got), golden.values(key)), lossy     ? 2
                                                                     : sixteen ? 1
                                                                               : 0)
        << name;
  }
}

// The package's pixels with the alpha that the codec itself reports.
void expect_blended(const Image& got, const uint8_t* rgba, const std::vector<double>& rgb,
                    const char* name) {
  ASSERT_EQ(got.pixels.size(), rgb.size()) << name;
  int partly = 0;
  for (size_t i = 0; i < rgb.size(); ++i) {
    const double alpha = rgba[i / 3 * 4 + 3] / 255.0;
    partly += alpha < 1;
    ASSERT_EQ(rgba[i / 3 * 4 + i % 3], rgb[i]) << name << " at " << i;
    ASSERT_NEAR(got.pixels[i], alpha * rgb[i] + (1 - alpha) * 255, 0.5001) << name << " at " << i;
  }
  EXPECT_GT(partly, 0) << name;
}

TEST(Image, BlendsAlphaOverWhite) {
  const Golden golden("formats");
  const auto png_bytes = read_bytes(Golden::path("formats/images/alpha.png"));
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  ASSERT_TRUE(png_image_begin_read_from_memory(&header, png_bytes.data(), png_bytes.size()));
  header.format = PNG_FORMAT_RGBA;
  std::vector<uint8_t> rgba(PNG_IMAGE_SIZE(header));
  ASSERT_TRUE(png_image_finish_read(&header, nullptr, rgba.data(), 0, nullptr));
  expect_blended(decode_image(png_bytes, "png"), rgba.data(),
                 golden.values("image_files/alpha.png"), "png");

  const auto webp_bytes = read_bytes(Golden::path("formats/images/alpha.webp"));
  int width = 0, height = 0;
  uint8_t* webp = WebPDecodeRGBA(webp_bytes.data(), webp_bytes.size(), &width, &height);
  ASSERT_TRUE(webp);
  expect_blended(decode_image(webp_bytes, "webp"), webp, golden.values("image_files/alpha.webp"),
                 "webp");
  WebPFree(webp);
}

// A PNG of any kind, written row by row by libpng (which needs no guard here: it does not fail).
std::vector<uint8_t> png_of(int color_type, int depth, uint32_t width, uint32_t height,
                            std::vector<uint8_t> rows, bool interlaced = false) {
  std::vector<uint8_t> bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp p, png_bytep data, size_t n) {
        auto* out = static_cast<std::vector<uint8_t>*>(png_get_io_ptr(p));
        out->insert(out->end(), data, data + n);
      },
      nullptr);
  png_set_IHDR(png, info, width, height, depth, color_type,
               interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
  const png_color palette[2] = {{1, 2, 3}, {200, 100, 50}};
  const png_byte alpha[2] = {255, 0};
  if (color_type == PNG_COLOR_TYPE_PALETTE) {
    png_set_PLTE(png, info, palette, 2);
    png_set_tRNS(png, info, alpha, 2, nullptr);
  }
  png_write_info(png, info);
  std::vector<png_bytep> pointers;
  for (uint32_t y = 0; y < height; ++y) {
    pointers.push_back(rows.data() + y * (rows.size() / height));
  }
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

TEST(Image, RoundsSixteenBitsToTheNearestLevel) {
  std::vector<uint8_t> row;
  for (int v = 0; v < 65536; ++v) {
    row.push_back(static_cast<uint8_t>(v >> 8));
    row.push_back(static_cast<uint8_t>(v));
  }
  const Image got = decode_image(png_of(PNG_COLOR_TYPE_GRAY, 16, 65536, 1, row), "png");
  ASSERT_EQ(got.channels, 1);
  for (int v = 0; v < 65536; ++v) {
    ASSERT_EQ(got.pixels[static_cast<size_t>(v)], std::lround(v * 255.0 / 65535.0)) << v;
  }
}

TEST(Image, KeepsGreyWithAlphaGreyAndExpandsPalettesWithTransparency) {
  const Image grey =
      decode_image(png_of(PNG_COLOR_TYPE_GRAY_ALPHA, 8, 3, 1, {10, 255, 10, 0, 10, 51}), "png");
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, (std::vector<uint8_t>{10, 255, 206}));  // 0.2 * 10 + 0.8 * 255
  const Image palette = decode_image(png_of(PNG_COLOR_TYPE_PALETTE, 1, 2, 1, {0x40}), "png");
  EXPECT_EQ(palette.pixels, (std::vector<uint8_t>{1, 2, 3, 255, 255, 255}));
}

TEST(Image, ReadsInterlacedPng) {
  const Image card = test_card(9, 13, 3);
  const Image got = decode_image(png_of(PNG_COLOR_TYPE_RGB, 8, 13, 9, card.pixels, true), "png");
  EXPECT_EQ(got.pixels, card.pixels);
}

TEST(Image, PngGivesBackWhatWasWritten) {
  for (const int64_t channels : {1, 3}) {
    for (const auto& [h, w] : {std::pair<int64_t, int64_t>{1, 1}, {7, 5}, {3, 64}}) {
      const Image card = test_card(h, w, channels);
      const auto bytes = encode_png(card);
      EXPECT_EQ(sniff_image(bytes), ImageFormat::png);
      const Image got = decode_image(bytes, "png");
      EXPECT_EQ(got.channels, channels);
      EXPECT_EQ(got.height, h);
      EXPECT_EQ(got.pixels, card.pixels);
    }
  }
  EXPECT_THROW(encode_png({0, 0, 3, {}}), UserError);
  EXPECT_THROW(encode_png({1, 1, 2, {0, 0}}), InvariantError);
}

TEST(Image, JpegGivesBackSmoothImagesClosely) {
  for (const int64_t channels : {1, 3}) {
    Image ramp{32, 48, channels, {}};
    for (int64_t i = 0; i < 32 * 48; ++i) {
      ramp.pixels.insert(ramp.pixels.end(), static_cast<size_t>(channels),
                         static_cast<uint8_t>(i % 48 * 5));
    }
    const auto bytes = encode_jpeg(ramp, 95);
    EXPECT_EQ(sniff_image(bytes), ImageFormat::jpeg);
    const Image got = decode_image(bytes, "jpeg");
    EXPECT_EQ(got.channels, channels);
    EXPECT_LE(image_distance(image_as_rgb(got), image_as_rgb(ramp)), 6);
    EXPECT_LT(encode_jpeg(ramp, 10).size(), bytes.size());
  }
  EXPECT_THROW(encode_jpeg(test_card(4, 4, 3), 0), UserError);
  EXPECT_THROW(encode_jpeg({0, 0, 3, {}}), UserError);
}

// "Exif", big-endian TIFF with the one entry.
std::vector<uint8_t> exif_segment(uint8_t orientation) {
  return {'E', 'x',  'i', 'f', 0, 0, 'M', 'M', 0, 42,          0, 0, 0, 8, 0, 1,
          1,   0x12, 0,   3,   0, 0, 0,   1,   0, orientation, 0, 0, 0, 0, 0, 0};
}

TEST(Image, AppliesEveryExifOrientation) {
  // A 16 x 24 card with one quarter white; where does that quarter go?
  Image card{16, 24, 1, std::vector<uint8_t>(16 * 24, 0)};
  for (int y = 0; y < 8; ++y) std::fill_n(card.pixels.begin() + y * 24, 12, uint8_t{255});
  const auto plain = encode_jpeg(card, 100);
  struct Expected {
    uint8_t orientation;
    bool tall, bottom, right;
  };
  for (const Expected& e : {Expected{1, false, false, false},
                            {2, false, false, true},
                            {3, false, true, true},
                            {4, false, true, false},
                            {5, true, false, false},
                            {6, true, false, true},
                            {7, true, true, true},
                            {8, true, true, false},
                            {0, false, false, false},
                            {9, false, false, false}}) {
    const auto exif = exif_segment(e.orientation);
    std::vector<uint8_t> bytes(plain.begin(), plain.begin() + 2);
    bytes.insert(bytes.end(), {0xff, 0xe1, 0, static_cast<uint8_t>(exif.size() + 2)});
    bytes.insert(bytes.end(), exif.begin(), exif.end());
    bytes.insert(bytes.end(), plain.begin() + 2, plain.end());
    const Image got = decode_image(bytes, "jpeg");
    EXPECT_EQ(got.height, e.tall ? 24 : 16) << int{e.orientation};
    EXPECT_EQ(got.width, e.tall ? 16 : 24) << int{e.orientation};
    for (int64_t y : {2, 5}) {
      for (const bool bottom : {false, true}) {
        for (const bool right : {false, true}) {
          const int64_t row = bottom ? got.height - 1 - y : y, column = right ? got.width - 3 : 2;
          const bool white = bottom == e.bottom && right == e.right;
          EXPECT_NEAR(got.pixels[static_cast<size_t>(row * got.width + column)], white ? 255 : 0, 8)
              << int{e.orientation};
        }
      }
    }
  }
}

TEST(Image, TurnsWebpByItsExifChunkToo) {
  const Image card = test_card(5, 9, 3);
  uint8_t* out = nullptr;
  const size_t size = WebPEncodeLosslessRGB(card.pixels.data(), 9, 5, 27, &out);
  ASSERT_GT(size, 0u);
  std::vector<uint8_t> bytes(out, out + size);
  WebPFree(out);
  EXPECT_EQ(decode_image(bytes, "webp").pixels, card.pixels);
  // A simple file becomes an extended one: VP8X with the EXIF flag, the stream, an EXIF chunk.
  const auto exif = exif_segment(6);
  std::vector<uint8_t> extended(bytes.begin(), bytes.begin() + 12);
  extended.insert(extended.end(), {'V', 'P', '8', 'X', 10, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 4, 0, 0});
  extended.insert(extended.end(), bytes.begin() + 12, bytes.end());
  extended.insert(extended.end(), {'E', 'X', 'I', 'F', static_cast<uint8_t>(exif.size()), 0, 0, 0});
  extended.insert(extended.end(), exif.begin(), exif.end());
  extended[4] = static_cast<uint8_t>(extended.size() - 8);
  extended[5] = static_cast<uint8_t>((extended.size() - 8) >> 8);
  const Image turned = decode_image(extended, "webp");
  ASSERT_EQ(turned.height, 9);
  for (int64_t y = 0; y < 9; ++y) {
    for (int64_t x = 0; x < 5; ++x) {
      ASSERT_EQ(turned.pixels[static_cast<size_t>((y * 5 + x) * 3)],
                card.pixels[static_cast<size_t>(((4 - x) * 9 + y) * 3)]);
    }
  }
}

TEST(Image, RefusesBombsByTheirHeader) {
  const auto bytes = encode_png(test_card(100, 100, 1));
  EXPECT_NO_THROW(decode_image(bytes, "png", 10000));
  EXPECT_THROW(decode_image(bytes, "png", 9999), DataError);
  // 60000 x 60000 in a few hundred bytes.
  auto jpeg = read_bytes(Golden::path("formats/images/progressive.jpg"));
  const std::vector<uint8_t> sof = {0xff, 0xc2};
  const auto at = std::search(jpeg.begin(), jpeg.end(), sof.begin(), sof.end());
  ASSERT_NE(at, jpeg.end());
  for (int i = 5; i < 9; ++i) at[i] = 0xea;
  EXPECT_THROW(decode_image(jpeg, "jpeg", int64_t{1} << 40), DataError);
}

TEST(Image, RefusesOthersByName) {
  const std::vector<uint8_t> gif = {'G', 'I', 'F', '8', '9', 'a'};
  try {
    decode_image(gif, "cat.gif");
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "cat.gif: this is neither JPEG nor PNG nor WebP");
  }
  EXPECT_THROW(decode_image({}, "empty"), DataError);
  EXPECT_THROW(read_image("no/such/file.png"), DataError);
  EXPECT_THROW(read_image(Golden::path("formats")), DataError);
  EXPECT_FALSE(has_image_extension("a.gif"));
  EXPECT_FALSE(has_image_extension("png"));
  EXPECT_TRUE(has_image_extension("dir/A.JPeG"));
}

TEST(Image, DamageGivesAnErrorAndNothingElse) {
  for (const auto& file : std::filesystem::directory_iterator(Golden::path("formats/images"))) {
    const std::string name = file.path().filename().string();
    const auto bytes = read_bytes(file.path());
    if (name.find("broken") == std::string::npos) {
      expect_truncations_refused(image_reader(), bytes, name);
    }
    expect_bit_flips_survived(image_reader(), bytes, name, 150);
  }
}

}  // namespace
}  // namespace likewise
