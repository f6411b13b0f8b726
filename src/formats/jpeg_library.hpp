#pragma once
// libjpeg-turbo with our errors. Its errors come by longjmp, so every frame between setjmp and the
// library holds nothing that has a destructor.

#include <csetjmp>
#include <cstdio>
#include <cstring>

// jpeglib.h needs the declarations of stdio.h first.
#include <jerror.h>
#include <jpeglib.h>

#include "formats/image_codecs.hpp"
#include "likewise/base/error.hpp"

namespace likewise::detail {

constexpr int kMaxScans = 500;  // a progressive file of a few kilobytes can hold millions

struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] inline void jpeg_fail(j_common_ptr codec) {
  auto* errors = reinterpret_cast<JpegErrors*>(codec->err);
  (*codec->err->format_message)(codec, errors->message);
  std::longjmp(errors->jump, 1);
}

// Warnings (level < 0) mean missing or damaged data, but for three that real files have.
inline void jpeg_warn(j_common_ptr codec, int level) {
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

inline void jpeg_count_scans(j_common_ptr codec) {
  if (reinterpret_cast<j_decompress_ptr>(codec)->input_scan_number <= kMaxScans) return;
  auto* errors = reinterpret_cast<JpegErrors*>(codec->err);
  std::snprintf(errors->message, sizeof errors->message, "more than %d scans", kMaxScans);
  std::longjmp(errors->jump, 1);
}

inline void jpeg_prepare(JpegErrors& errors) {
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
        return exif_orientation({marker->data + 6, marker->data_length - 6});
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

}  // namespace likewise::detail
