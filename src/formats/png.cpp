// PNG by libpng. Its errors come by longjmp, so every frame between setjmp and the library holds
// nothing that has a destructor.

#include <png.h>

#include <algorithm>
#include <cstring>

#include "formats/image_codecs.hpp"
#include "likewise/base/error.hpp"

namespace likewise {

namespace {

struct PngSource {
  std::span<const uint8_t> rest;
  char message[128] = "unknown error";
};

[[noreturn]] void png_fail(png_structp png, png_const_charp message) {
  auto* source = static_cast<PngSource*>(png_get_error_ptr(png));
  std::strncpy(source->message, message, sizeof source->message - 1);
  png_longjmp(png, 1);
}

void png_ignore(png_structp, png_const_charp) {}

void png_take(png_structp png, png_bytep to, size_t count) {
  auto* source = static_cast<PngSource*>(png_get_io_ptr(png));
  if (count > source->rest.size()) png_fail(png, "the file ends too early");
  std::memcpy(to, source->rest.data(), count);
  source->rest = source->rest.subspan(count);
}

// The decoder with its memory.
class PngDecoder {
 public:
  PngDecoder(std::span<const uint8_t> bytes, const std::string& name)
      : name_(name), source_{bytes} {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, png_fail, png_ignore);
    if (png_) info_ = png_create_info_struct(png_);
    if (!info_) {
      png_destroy_read_struct(&png_, &info_, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png_, &source_, png_take);
  }
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  png_structp png() const { return png_; }
  png_infop info() const { return info_; }

  template <class Body>
  void guard(const Body& body) {
    if (!attempt(body)) throw DataError("{}: damaged PNG: {}", name_, source_.message);
  }

 private:
  template <class Body>
  bool attempt(const Body& body) {
    if (setjmp(png_jmpbuf(png_))) return false;  // NOLINT: the library leaves no other way
    body();
    return true;
  }

  const std::string& name_;
  PngSource source_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

namespace detail {

Image decode_png(std::span<const uint8_t> bytes, const std::string& name, int64_t max_pixels) {
  PngDecoder decoder(bytes, name);
  png_structp png = decoder.png();
  png_infop info = decoder.info();
  decoder.guard([&] { png_read_info(png, info); });
  const int64_t height = png_get_image_height(png, info), width = png_get_image_width(png, info);
  // Deflate shrinks to a 1032nd at best, and a pixel has at least one bit.
  const double most = 8.0 * 1032.0 * static_cast<double>(bytes.size());
  check_image_size(height, width, max_pixels, most, name);
  size_t row_bytes = 0;
  decoder.guard([&] {
    png_set_expand(png);    // palettes, 1 to 4 bits, a transparent colour
    png_set_scale_16(png);  // rounds; png_set_strip_16 would cut off
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    row_bytes = png_get_rowbytes(png, info);
  });
  const int64_t stored = png_get_channels(png, info);
  LIKEWISE_CHECK(row_bytes == static_cast<size_t>(width * stored) && stored >= 1 && stored <= 4,
                 "{} bytes a row of {} pixels, {} channels", row_bytes, width, stored);
  std::vector<uint8_t> pixels(row_bytes * static_cast<size_t>(height));
  std::vector<png_bytep> rows(static_cast<size_t>(height));
  for (size_t y = 0; y < rows.size(); ++y) rows[y] = pixels.data() + y * row_bytes;
  png_bytep exif = nullptr;
  png_uint_32 exif_bytes = 0;
  decoder.guard([&] {
    png_read_image(png, rows.data());
    png_read_end(png, info);
#ifdef PNG_eXIf_SUPPORTED
    png_get_eXIf_1(png, info, &exif_bytes, &exif);
#endif
  });
  const int64_t channels = stored >= 3 ? 3 : 1;
  Image image = stored == channels ? Image{height, width, channels, std::move(pixels)}
                                   : blend_over_white(pixels, height, width, channels);
  return orient(std::move(image), exif ? exif_orientation({exif, exif_bytes}) : 1);
}

}  // namespace detail

std::vector<uint8_t> encode_png(const Image& image) {
  LIKEWISE_CHECK(
      (image.channels == 1 || image.channels == 3) &&
          static_cast<int64_t>(image.pixels.size()) == image.height * image.width * image.channels,
      "{} x {} x {} with {} bytes", image.height, image.width, image.channels, image.pixels.size());
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.height = static_cast<png_uint_32>(image.height);
  header.width = static_cast<png_uint_32>(image.width);
  header.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::vector<uint8_t> bytes(size);
  if (image.pixels.empty() || !png_image_write_to_memory(&header, bytes.data(), &size, 0,
                                                         image.pixels.data(), 0, nullptr)) {
    throw UserError("cannot write a PNG of {} x {} pixels: {}", image.width, image.height,
                    image.pixels.empty() ? "it is empty" : header.message);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace likewise
