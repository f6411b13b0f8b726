#pragma once
// Which font files are installed, and the best file of every family. Torch-free.

#include <filesystem>
#include <string>
#include <vector>

namespace likewise::detail {

// One file of a family: the one that draws it.
struct FontFamily {
  std::string name;
  std::filesystem::path file;
  std::vector<int32_t> covered;  // positions in the list of characters that the file can draw
};

// TrueType and OpenType files below the folders, sorted, without repetitions. Type 1 files are
// left out on purpose: distributions ship them beside OpenType twins under other family names, and
// a family would be both in training and held out.
std::vector<std::filesystem::path> find_font_files(
    const std::vector<std::filesystem::path>& folders);

// The families among the files that cover at least `least` of the characters, sorted by name. Of a
// family the style Regular, Roman, Book or Normal is preferred, then Medium, then the first file.
// Files that FreeType cannot open are passed over.
std::vector<FontFamily> find_families(const std::vector<std::filesystem::path>& files,
                                      const std::vector<char32_t>& characters, int64_t least);

}  // namespace likewise::detail
