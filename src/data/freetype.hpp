#pragma once
// Owning handles of FreeType objects.

#include <ft2build.h>
#include FT_FREETYPE_H

#include <filesystem>

#include "likewise/base/error.hpp"

namespace likewise::detail {

// One a thread: FreeType's library object is not thread-safe.
class FontLibrary {
 public:
  FontLibrary() { LIKEWISE_CHECK(FT_Init_FreeType(&library_) == 0, "FreeType does not start"); }
  ~FontLibrary() { FT_Done_FreeType(library_); }
  FontLibrary(const FontLibrary&) = delete;
  FontLibrary& operator=(const FontLibrary&) = delete;
  FT_Library get() const { return library_; }

 private:
  FT_Library library_ = nullptr;
};

// The first face of a file; `get()` is null when FreeType cannot use it for Unicode outlines.
class FontFace {
 public:
  FontFace(const FontLibrary& library, const std::filesystem::path& file) {
    if (FT_New_Face(library.get(), file.c_str(), 0, &face_) != 0) face_ = nullptr;
    const bool usable = face_ != nullptr && FT_IS_SCALABLE(face_) && face_->charmap != nullptr &&
                        face_->charmap->encoding == FT_ENCODING_UNICODE &&
                        face_->family_name != nullptr;
    if (!usable) reset();
  }
  ~FontFace() { reset(); }
  FontFace(const FontFace&) = delete;
  FontFace& operator=(const FontFace&) = delete;
  FT_Face get() const { return face_; }

 private:
  void reset() {
    if (face_ != nullptr) FT_Done_Face(face_);
    face_ = nullptr;
  }
  FT_Face face_ = nullptr;
};

}  // namespace likewise::detail
