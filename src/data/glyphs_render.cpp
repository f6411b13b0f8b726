#include "data/glyphs_render.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "data/cache_file.hpp"
#include "data/font_files.hpp"
#include "data/freetype.hpp"
#include "data/lanczos.hpp"
#include "data/stable_hash.hpp"
#include "data/threads.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

constexpr int kEmPixels = 64;
constexpr int64_t kLeastCovered = 60;
constexpr size_t kLeastFamilies = 20;
constexpr int64_t kLargestSide = 4096;  // ornaments larger than this are no letters
constexpr std::string_view kGlyphsTag = "likewise glyphs, definition 1";
constexpr const char* kFontPackages =
    "fonts-aenigma fonts-urw-base35 fonts-texgyre fonts-freefont-ttf fonts-dejavu-core fonts-lato "
    "fonts-cmu fonts-liberation2 fonts-averia-gwf fonts-gfs-didot fonts-sil-gentium "
    "fonts-linuxlibertine fonts-stix fonts-roboto-unhinted";

// What one family gives.
struct FamilyGlyphs {
  std::vector<uint8_t> pixels;
  std::vector<int32_t> characters;
};

// What one thread needs.
struct GlyphRenderer {
  FontLibrary library;
  LanczosToSquare lanczos{kGlyphSide};
  std::vector<uint8_t> canvas;
};

// Draws one character into `out`; false when it leaves no ink. Hinting is off: it depends on the
// FreeType version and would move stems of a 64-pixel letter that is reduced anyway.
bool draw_glyph(GlyphRenderer& renderer, FT_Face face, char32_t character, std::span<uint8_t> out) {
  const FT_UInt index = FT_Get_Char_Index(face, character);
  if (index == 0 || FT_Load_Glyph(face, index, FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP) != 0 ||
      FT_Render_Glyph(face->glyph, FT_RENDER_MODE_NORMAL) != 0) {
    return false;
  }
  const FT_Bitmap& ink = face->glyph->bitmap;
  const int64_t width = ink.width, height = ink.rows;
  if (width == 0 || height == 0 || ink.pixel_mode != FT_PIXEL_MODE_GRAY) return false;
  const int64_t side = std::max<int64_t>({width, height, 40}) * 5 / 4;
  if (side > kLargestSide) return false;
  renderer.canvas.assign(static_cast<size_t>(side * side), 0);
  const int64_t left = (side - width) / 2, top = (side - height) / 2;
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* line = ink.buffer + y * ink.pitch;
    std::copy_n(line, width, renderer.canvas.begin() + (top + y) * side + left);
  }
  renderer.lanczos.resize(renderer.canvas, side, out);
  return *std::max_element(out.begin(), out.end()) >= 64;
}

FamilyGlyphs draw_family(GlyphRenderer& renderer, const FontFamily& family,
                         const std::vector<char32_t>& characters) {
  FamilyGlyphs result;
  const FontFace face(renderer.library, family.file);
  if (face.get() == nullptr || FT_Set_Pixel_Sizes(face.get(), 0, kEmPixels) != 0) return result;
  std::vector<uint8_t> glyph(static_cast<size_t>(kGlyphPixels));
  for (const int32_t i : family.covered) {
    if (!draw_glyph(renderer, face.get(), characters[static_cast<size_t>(i)], glyph)) continue;
    result.pixels.insert(result.pixels.end(), glyph.begin(), glyph.end());
    result.characters.push_back(i);
  }
  return result;
}

GlyphSet render_files(const std::vector<fs::path>& files) {
  const auto& characters = glyph_characters();
  const auto families = find_families(files, characters, kLeastCovered);
  std::vector<FamilyGlyphs> drawn(families.size());
  std::vector<std::unique_ptr<GlyphRenderer>> renderers(16);
  for_each_in_parallel(static_cast<int64_t>(families.size()), [&](int64_t worker, int64_t i) {
    auto& renderer = renderers[static_cast<size_t>(worker)];
    if (!renderer) renderer = std::make_unique<GlyphRenderer>();
    const auto at = static_cast<size_t>(i);
    drawn[at] = draw_family(*renderer, families[at], characters);
  });
  GlyphSet set;
  for (size_t f = 0; f < families.size(); ++f) {
    if (drawn[f].characters.empty()) continue;
    const auto position = static_cast<int32_t>(set.families.size());
    set.families.push_back(families[f].name);
    set.pixels.insert(set.pixels.end(), drawn[f].pixels.begin(), drawn[f].pixels.end());
    for (const int32_t character : drawn[f].characters) {
      set.family.push_back(position);
      set.character.push_back(character);
    }
  }
  return set;
}

std::vector<uint8_t> pack_glyphs(const GlyphSet& set) {
  ByteWriter writer;
  writer.number(static_cast<int64_t>(set.families.size()));
  for (const auto& family : set.families) writer.text(family);
  writer.number(set.size());
  for (const auto family : set.family) writer.number(family);
  for (const auto character : set.character) writer.number(character);
  writer.bytes(set.pixels);
  return writer.buffer();
}

// Checks the ranges as well: the checksum guards against damage, not against an older program.
std::optional<GlyphSet> unpack_glyphs(std::span<const uint8_t> packed) {
  ByteReader reader(packed);
  GlyphSet set;
  const int64_t families = reader.number();
  for (int64_t i = 0; i < families && reader.ok(); ++i) set.families.push_back(reader.text());
  const int64_t n = reader.number();
  for (int64_t i = 0; i < n && reader.ok(); ++i) {
    set.family.push_back(static_cast<int32_t>(reader.number()));
    if (set.family.back() < 0 || set.family.back() >= families) return {};
  }
  for (int64_t i = 0; i < n && reader.ok(); ++i) {
    set.character.push_back(static_cast<int32_t>(reader.number()));
    if (set.character.back() < 0) return {};
    if (set.character.back() >= static_cast<int32_t>(glyph_characters().size())) return {};
  }
  if (!reader.ok() || n < 0 || static_cast<int64_t>(reader.left()) != n * kGlyphPixels) return {};
  const auto pixels = reader.bytes(reader.left());
  set.pixels.assign(pixels.begin(), pixels.end());
  return set;
}

// Names and sizes of the files: what decides the result, without opening any.
std::string glyphs_cache_name(const std::vector<fs::path>& files) {
  uint64_t key = stable_hash(kGlyphsTag);
  for (const auto& file : files) {
    std::error_code gone;
    key = stable_hash(file.string(), key ^ static_cast<uint64_t>(fs::file_size(file, gone)));
  }
  return fmt::format("glyphs-{:016x}.bin", key);
}

void check_enough_families(size_t families, const std::vector<fs::path>& folders) {
  if (families >= kLeastFamilies) return;
  std::vector<std::string> names;
  for (const auto& folder : folders) names.push_back(folder.string());
  throw UserError(
      "the data set 'glyphs' is drawn from installed fonts, but only {} usable font families were "
      "found in {}; at least {} are needed: install some, for example with 'apt-get install "
      "--no-install-recommends {}', or name folders of .ttf and .otf files in LIKEWISE_FONTS "
      "(separated by ':')",
      families, join(names, " and "), kLeastFamilies, kFontPackages);
}

}  // namespace

const std::vector<char32_t>& glyph_characters() {
  static const std::vector<char32_t> characters = [] {
    std::vector<char32_t> all;
    const auto add = [&](char32_t first, char32_t last) {
      for (char32_t c = first; c <= last; ++c) all.push_back(c);
    };
    add(U'0', U'9');
    add(U'A', U'Z');
    add(U'a', U'z');
    add(0x391, 0x3a1);  // Greek; U+03A2 is not assigned
    add(0x3a3, 0x3c9);
    add(0x410, 0x44f);  // Cyrillic
    return all;
  }();
  return characters;
}

std::vector<fs::path> font_folders() {
  std::vector<fs::path> folders;
  if (const char* own = std::getenv("LIKEWISE_FONTS"); own != nullptr && *own != '\0') {
    for (const auto& folder : split(own, ':')) {
      if (!folder.empty()) folders.emplace_back(folder);
    }
    return folders;
  }
  return {"/usr/share/fonts", "/usr/share/texmf/fonts"};
}

std::shared_ptr<const GlyphSet> load_glyphs() {
  static std::mutex mutex;
  static std::string held_name;
  static std::weak_ptr<const GlyphSet> held;
  const std::lock_guard lock(mutex);
  const auto folders = font_folders();
  const auto files = find_font_files(folders);
  const std::string name = glyphs_cache_name(files);
  if (auto set = held.lock(); set && held_name == name) return set;
  std::optional<GlyphSet> set;
  if (const auto packed = read_cache(name, kGlyphsTag)) set = unpack_glyphs(*packed);
  if (!set) {
    set = render_files(files);
    check_enough_families(set->families.size(), folders);
    write_cache(name, kGlyphsTag, pack_glyphs(*set));
  }
  check_enough_families(set->families.size(), folders);
  auto shared = std::make_shared<const GlyphSet>(std::move(*set));
  held = shared;
  held_name = name;
  return shared;
}

}  // namespace likewise::detail
