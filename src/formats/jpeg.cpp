// JPEG by libjpeg. Its errors come by longjmp, so every frame between setjmp and the library holds
// nothing that has a destructor.

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// jpeglib.h needs the declarations of stdio.h first.
#include <jerror.h>
#include <jpeglib.h>

#include "formats/image_codecs.hpp"
#include "likewise/base/error.hpp"

namespace likewise {

namespace {

constexpr int kMaxScans = 500;  // a progressive file of a few kilobytes can hold millions

struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void jpeg_fail(j_common_ptr codec) {
  auto* errors = reinterpret_cast<JpegErrors*>(codec->err);
  (*codec->err->format_message)(codec, errors->message);
  std::longjmp(errors->jump, 1);
}

// Warnings (level < 0) mean missing or damaged data, but for three that real files have.
void jpeg_warn(j_common_ptr codec, int level) {
  if (level >= 0) return;
  switch (codec->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
      return;
    default:
      jpeg_fail(codec);
  }
}

void jpeg_count_scans(j_common_ptr codec) {
  if (reinterpret_cast<j_decompress_ptr>(codec)->input_scan_number <= kMaxScans) return;
  auto* errors = reinterpret_cast<JpegErrors*>(codec->err);
  std::snprintf(errors->message, sizeof errors->message, "more than %d scans", kMaxScans);
  std::longjmp(errors->jump, 1);
}

void jpeg_prepare(JpegErrors& errors) {
  jpeg_std_error(&errors.base);
  errors.base.error_exit = jpeg_fail;
  errors.base.emit_message = jpeg_warn;
  errors.message[0] = '\0';
}

// Runs `body`; false when the library gave up.
template <class Body>
bool jpeg_guard(JpegErrors& errors, const Body& body) {
  if (setjmp(errors.jump)) return false;  // NOLINT: the library leaves no other way
  body();
  return true;
}

// The decoder with its memory.
class JpegDecoder {
 public:
  explicit JpegDecoder(const std::string& name) : name_(name) {
    jpeg_prepare(errors_);
    codec_.err = &errors_.base;
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&codec_); }  // harmless before it was created
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  void open(std::span<const uint8_t> bytes) {
    guard([&] {
      jpeg_create_decompress(&codec_);
      progress_.progress_monitor = jpeg_count_scans;
      codec_.progress = &progress_;
      jpeg_mem_src(&codec_, bytes.data(), bytes.size());
      jpeg_save_markers(&codec_, JPEG_APP0 + 1, 0xffff);
      jpeg_read_header(&codec_, TRUE);
    });
  }
  jpeg_decompress_struct& codec() { return codec_; }

  template <class Body>
  void guard(const Body& body) {
    if (!jpeg_guard(errors_, body)) {
      throw DataError("{}: damaged JPEG: {}", name_, errors_.message);
    }
  }

  int orientation() const {
    for (auto* marker = codec_.marker_list; marker; marker = marker->next) {
      if (marker->data_length > 6 && std::memcmp(marker->data, "Exif\0", 6) == 0) {
        return detail::exif_orientation({marker->data + 6, marker->data_length - 6});
      }
    }
    return 1;
  }

 private:
  const std::string& name_;
  JpegErrors errors_{};
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct codec_{};
};

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

}  // namespace

namespace detail {

Image decode_jpeg(std::span<const uint8_t> bytes, const std::string& name, int64_t max_pixels) {
  JpegDecoder decoder(name);
  decoder.open(bytes);
  auto& codec = decoder.codec();
  const int64_t height = codec.image_height, width = codec.image_width;
  // Huffman codes need a bit for each block of the at most 32 x 32 pixels of a unit.
  const double most = codec.arith_code ? 1e18 : 8.0 * 1024.0 * static_cast<double>(bytes.size());
  check_image_size(height, width, max_pixels, most, name);
  const int orientation = decoder.orientation();  // the markers are gone after decoding
  const bool grey = codec.jpeg_color_space == JCS_GRAYSCALE;
  const bool cmyk = codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK;
  if (!grey && !cmyk && codec.num_components != 3) {
    throw DataError("{}: a JPEG of {} components; 1, 3 and 4 are supported", name,
                    codec.num_components);
  }
  codec.out_color_space = grey ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
  const int64_t channels = grey ? 1 : cmyk ? 4 : 3;
  const auto row_bytes = static_cast<size_t>(width * channels);
  std::vector<uint8_t> pixels(row_bytes * static_cast<size_t>(height));
  decoder.guard([&] {
    jpeg_start_decompress(&codec);
    while (codec.output_scanline < codec.output_height) {
      JSAMPROW row = pixels.data() + codec.output_scanline * row_bytes;
      jpeg_read_scanlines(&codec, &row, 1);
    }
    jpeg_finish_decompress(&codec);  // looks for the end marker, too
  });
  Image image{height, width, grey ? 1 : 3, {}};
  if (cmyk) {
    image.pixels.resize(static_cast<size_t>(height * width * 3));
    jpeg_cmyk_to_rgb(pixels, codec.saw_Adobe_marker, image.pixels);
  } else {
    image.pixels = std::move(pixels);
  }
  return orient(std::move(image), orientation);
}

}  // namespace detail

std::vector<uint8_t> encode_jpeg(const Image& image, int quality) {
  if (quality < 1 || quality > 100) {
    throw UserError("a JPEG quality of {} was asked for; accepted are 1 to 100", quality);
  }
  LIKEWISE_CHECK(
      (image.channels == 1 || image.channels == 3) &&
          static_cast<int64_t>(image.pixels.size()) == image.height * image.width * image.channels,
      "{} x {} x {} with {} bytes", image.height, image.width, image.channels, image.pixels.size());
  JpegErrors errors{};
  jpeg_prepare(errors);
  jpeg_compress_struct codec{};
  codec.err = &errors.base;
  unsigned char* buffer = nullptr;  // taken by the library
  unsigned long size = 0;           // NOLINT: the library's type
  const bool done = jpeg_guard(errors, [&] {
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
