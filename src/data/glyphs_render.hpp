#pragma once
// Renders the `glyphs` data from the fonts that are installed. Torch-free.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace likewise::detail {

inline constexpr int64_t kGlyphSide = 32;
inline constexpr int64_t kGlyphPixels = kGlyphSide * kGlyphSide;

// Every glyph that could be drawn: sorted by family name, then by character.
struct GlyphSet {
  std::vector<std::string> families;  // sorted
  std::vector<uint8_t> pixels;        // [n, 32, 32], white ink on black
  std::vector<int32_t> family;        // [n], into families
  std::vector<int32_t> character;     // [n], into glyph_characters()
  int64_t size() const { return static_cast<int64_t>(family.size()); }
};

// The 182 code points drawn: digits, Latin, Greek, Cyrillic, each upper then lower case.
const std::vector<char32_t>& glyph_characters();

// The folders scanned for fonts: those of $LIKEWISE_FONTS (separated by ':') if it is set, else the
// system's.
std::vector<std::filesystem::path> font_folders();

// Renders, or reads the cache of an earlier call with the same font files. Families are those that
// cover at least 60 of the characters, one file each (the regular style first). Every glyph, at
// 64 pixels an em, is centred by its ink box on a square of 1.25 max(width, height, 40) pixels,
// which is reduced to 32 x 32; glyphs without a pixel of at least 64 are dropped. Throws UserError
// naming packages to install when fewer than 20 families are found. The result is shared by
// all callers that hold it.
std::shared_ptr<const GlyphSet> load_glyphs();

}  // namespace likewise::detail
