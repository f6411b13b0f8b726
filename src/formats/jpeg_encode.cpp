#include <cstdlib>

#include "formats/jpeg_library.hpp"

namespace likewise {

std::vector<uint8_t> encode_jpeg(const Image& image, int quality) {
  if (quality < 1 || quality > 100) {
    throw UserError("a JPEG quality of {} was asked for; accepted are 1 to 100", quality);
  }
  LIKEWISE_CHECK(
      (image.channels == 1 || image.channels == 3) &&
          static_cast<int64_t>(image.pixels.size()) == image.height * image.width * image.channels,
      "{} x {} x {} with {} bytes", image.height, image.width, image.channels, image.pixels.size());
  detail::JpegErrors errors{};
  detail::jpeg_prepare(errors);
  jpeg_compress_struct codec{};
  codec.err = &errors.base;
  unsigned char* buffer = nullptr;  // taken by the library
  unsigned long size = 0;           // NOLINT: the library's type
  const bool done = detail::jpeg_guard(errors, [&] {
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, &buffer, &size);
    codec.image_height = static_cast<JDIMENSION>(image.height);
    codec.image_width = static_cast<JDIMENSION>(image.width);
    codec.input_components = static_cast<int>(image.channels);
    codec.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&codec);
    jpeg_set_quality(&codec, quality, TRUE);
    jpeg_start_compress(&codec, TRUE);
    while (codec.next_scanline < codec.image_height) {
      const uint8_t* row = image.pixels.data() +
                           static_cast<int64_t>(codec.next_scanline) * image.width * image.channels;
      auto* writable = const_cast<JSAMPROW>(row);
      jpeg_write_scanlines(&codec, &writable, 1);
    }
    jpeg_finish_compress(&codec);
  });
  jpeg_destroy_compress(&codec);
  std::vector<uint8_t> bytes;
  if (done) bytes.assign(buffer, buffer + size);
  std::free(buffer);
  if (!done) {
    throw UserError("cannot write a JPEG of {} x {} pixels: {}", image.width, image.height,
                    errors.message);
  }
  return bytes;
}

}  // namespace likewise
