// JPEG to pixels. Whole: every byte of the file is looked at, so that damage anywhere is found. By
// window: the rows below it are not read, and of the others only what it needs becomes pixels.

#include <algorithm>
#include <bit>
#include <cstring>

#include "formats/jpeg_library.hpp"

namespace likewise {

namespace {

using detail::JpegDecoder;

constexpr int64_t kJpegMargin = 2;  // columns

struct JpegKind {
  int64_t height = 0, width = 0;
  int orientation = 1;
  bool grey = false, cmyk = false;
};

// Of a decoder that has read the header; checks what it claims.
JpegKind jpeg_kind(JpegDecoder& decoder, size_t bytes, const std::string& name,
                   int64_t max_pixels) {
  const auto& codec = decoder.codec();
  JpegKind kind{codec.image_height, codec.image_width, decoder.orientation(),
                codec.jpeg_color_space == JCS_GRAYSCALE,
                codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK};
  // Huffman codes need a bit for each block of the at most 32 x 32 pixels of a unit.
  const double most = codec.arith_code ? 1e18 : 8.0 * 1024.0 * static_cast<double>(bytes);
  detail::check_image_size(kind.height, kind.width, max_pixels, most, name);
  if (!kind.grey && !kind.cmyk && codec.num_components != 3) {
    throw DataError("{}: a JPEG of {} components; 1, 3 and 4 are supported", name,
                    codec.num_components);
  }
  return kind;
}

// R = (1 - C) (1 - K) and so on. Adobe stores 255 - ink, which makes it a product of the values.
void jpeg_cmyk_to_rgb(const std::vector<uint8_t>& cmyk, bool inverted, std::vector<uint8_t>& rgb) {
  const unsigned flip = inverted ? 0 : 255;
  for (size_t i = 0, pixels = cmyk.size() / 4; i < pixels; ++i) {
    const unsigned light = cmyk[4 * i + 3] ^ flip;
    for (size_t c = 0; c < 3; ++c) {
      rgb[3 * i + c] = static_cast<uint8_t>(((cmyk[4 * i + c] ^ flip) * light + 127) / 255);
    }
  }
}

// Whether rows and columns can be left out with a result that is equal in the others: the usual
// files, in one pass over interleaved components. A progressive file is decoded before its first
// row comes, so that nothing would be gained.
bool jpeg_can_crop(jpeg_decompress_struct& codec) {
  if (codec.arith_code || jpeg_has_multiple_scans(&codec)) return false;
  for (int c = 0; c < codec.num_components; ++c) {
    const int most = c == 0 && codec.num_components == 3 ? 2 : 1;
    const auto& component = codec.comp_info[c];
    if (component.h_samp_factor > most || component.v_samp_factor > most) return false;
  }
  return true;
}

// Pixels of four bytes, the last unused, to three planes. A function of its own, since the compiler
// vectorises nothing in one that calls setjmp.
static_assert(std::endian::native == std::endian::little);
__attribute__((noinline)) void jpeg_split_row(const uint32_t* __restrict pixels, int64_t width,
                                              uint8_t* __restrict red, uint8_t* __restrict green,
                                              uint8_t* __restrict blue) {
  for (int64_t x = 0; x < width; ++x) {
    red[x] = static_cast<uint8_t>(pixels[x]);
    green[x] = static_cast<uint8_t>(pixels[x] >> 8);
    blue[x] = static_cast<uint8_t>(pixels[x] >> 16);
  }
}

}  // namespace

namespace detail {

Image decode_jpeg(std::span<const uint8_t> bytes, const std::string& name, int64_t max_pixels) {
  JpegDecoder decoder(name);
  decoder.open(bytes);
  const JpegKind kind = jpeg_kind(decoder, bytes.size(), name, max_pixels);
  auto& codec = decoder.codec();
  codec.out_color_space = kind.grey ? JCS_GRAYSCALE : kind.cmyk ? JCS_CMYK : JCS_RGB;
  const int64_t channels = kind.grey ? 1 : kind.cmyk ? 4 : 3;
  const auto row_bytes = static_cast<size_t>(kind.width * channels);
  std::vector<uint8_t> pixels(row_bytes * static_cast<size_t>(kind.height));
  decoder.guard([&] {
    jpeg_start_decompress(&codec);
    while (codec.output_scanline < codec.output_height) {
      JSAMPROW row = pixels.data() + codec.output_scanline * row_bytes;
      jpeg_read_scanlines(&codec, &row, 1);
    }
    jpeg_finish_decompress(&codec);  // looks for the end marker, too
  });
  Image image{kind.height, kind.width, kind.grey ? 1 : 3, {}};
  if (kind.cmyk) {
    image.pixels.resize(static_cast<size_t>(kind.height * kind.width * 3));
    jpeg_cmyk_to_rgb(pixels, codec.saw_Adobe_marker, image.pixels);
  } else {
    image.pixels = std::move(pixels);
  }
  return orient(std::move(image), kind.orientation);
}

bool decode_jpeg_planes(std::span<const uint8_t> bytes, const std::string& name, const Room& room,
                        const Window& window, int64_t max_pixels) {
  JpegDecoder decoder(name);
  decoder.open(bytes);
  const JpegKind kind = jpeg_kind(decoder, bytes.size(), name, max_pixels);
  if (kind.cmyk || kind.orientation != 1) return false;
  auto& codec = decoder.codec();
  const int64_t width = kind.width, plane = kind.height * width;
  uint8_t* const planes = room(kind.grey ? 1 : 3, kind.height, width);
  const bool part = window && jpeg_can_crop(codec);
  const PixelBox box = part ? window(kind.height, width) : PixelBox{0, 0, kind.height, width};
  LIKEWISE_CHECK(box.top >= 0 && box.left >= 0 && box.height >= 1 && box.width >= 1 &&
                     box.top + box.height <= kind.height && box.left + box.width <= width,
                 "{} x {} at {}, {} of an image of {} x {}", box.height, box.width, box.top,
                 box.left, kind.height, width);
  codec.out_color_space = kind.grey ? JCS_GRAYSCALE : JCS_EXT_RGBX;
  std::vector<uint32_t> row(static_cast<size_t>(width));
  decoder.guard([&] {
    jpeg_start_decompress(&codec);
    JDIMENSION left = 0;
    if (part) {
      // Colours are smoothed between neighbours; at a border of what is decoded one is missing.
      left = static_cast<JDIMENSION>(std::max(int64_t{0}, box.left - kJpegMargin));
      auto columns =
          static_cast<JDIMENSION>(std::min(width, box.left + box.width + kJpegMargin)) - left;
      jpeg_crop_scanline(&codec, &left, &columns);  // moves left to the border of a block
      if (box.top > 0) jpeg_skip_scanlines(&codec, static_cast<JDIMENSION>(box.top));
    }
    const auto end = static_cast<JDIMENSION>(box.top + box.height);
    while (codec.output_scanline < end) {
      const int64_t at = static_cast<int64_t>(codec.output_scanline) * width + box.left;
      auto* samples = reinterpret_cast<JSAMPROW>(row.data());
      jpeg_read_scanlines(&codec, &samples, 1);
      const int64_t skipped = box.left - left;
      if (kind.grey) {
        std::memcpy(planes + at, samples + skipped, static_cast<size_t>(box.width));
      } else {
        jpeg_split_row(row.data() + skipped, box.width, planes + at, planes + plane + at,
                       planes + 2 * plane + at);
      }
    }
    if (!part) jpeg_finish_decompress(&codec);
  });
  return true;
}

}  // namespace detail

}  // namespace likewise
