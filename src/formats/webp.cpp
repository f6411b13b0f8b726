// WebP by libwebp.

#include <webp/decode.h>

#include <cstring>

#include "formats/endian.hpp"
#include "formats/image_codecs.hpp"
#include "likewise/base/error.hpp"

namespace likewise::detail {

namespace {

const char* webp_reason(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
      return "not enough memory";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "unsupported feature";
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return "the file ends too early";
    default:
      return "the bit stream is broken";
  }
}

// The TIFF block of the EXIF chunk; `riff` is whole.
std::span<const uint8_t> webp_exif(std::span<const uint8_t> riff) {
  size_t at = 12;
  while (at + 8 <= riff.size()) {
    const size_t size = load_little<uint32_t>(&riff[at + 4]);
    const auto chunk = riff.subspan(at + 8);
    if (size > chunk.size()) break;
    if (std::memcmp(&riff[at], "EXIF", 4) == 0) {
      const auto exif = chunk.first(size);
      const bool prefixed = size > 6 && std::memcmp(exif.data(), "Exif\0", 6) == 0;
      return prefixed ? exif.subspan(6) : exif;
    }
    at += 8 + size + size % 2;
  }
  return {};
}

}  // namespace

Image decode_webp(std::span<const uint8_t> bytes, const std::string& name, int64_t max_pixels) {
  // The decoder itself is content with a stream that lacks its last bytes.
  const uint64_t announced = uint64_t{load_little<uint32_t>(&bytes[4])} + 8;
  if (announced > bytes.size()) {
    throw DataError("{}: damaged WebP: {} bytes are announced, the file has {}", name, announced,
                    bytes.size());
  }
  bytes = bytes.first(announced);
  WebPBitstreamFeatures features{};
  const VP8StatusCode status = WebPGetFeatures(bytes.data(), bytes.size(), &features);
  if (status != VP8_STATUS_OK) {
    throw DataError("{}: damaged WebP: {}", name, webp_reason(status));
  }
  if (features.has_animation) throw DataError("{}: animated WebP files are not supported", name);
  const int64_t height = features.height, width = features.width;
  check_image_size(height, width, max_pixels, 1e18, name);
  const int64_t stored = features.has_alpha ? 4 : 3;
  std::vector<uint8_t> pixels(static_cast<size_t>(height * width * stored));
  const int stride = static_cast<int>(width * stored);
  const auto decode = features.has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  if (!decode(bytes.data(), bytes.size(), pixels.data(), pixels.size(), stride)) {
    throw DataError("{}: damaged WebP: {}", name, webp_reason(VP8_STATUS_BITSTREAM_ERROR));
  }
  Image image = stored == 3 ? Image{height, width, 3, std::move(pixels)}
                            : blend_over_white(pixels, height, width, 3);
  return orient(std::move(image), exif_orientation(webp_exif(bytes)));
}

}  // namespace likewise::detail
