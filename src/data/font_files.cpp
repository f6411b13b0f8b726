#include "data/font_files.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "data/freetype.hpp"
#include "data/threads.hpp"
#include "likewise/base/text.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

int style_rank(const char* style) {
  const std::string name = lower(trim(style == nullptr ? "" : style));
  if (name == "regular" || name == "roman" || name == "book" || name == "normal") return 0;
  return name == "medium" ? 1 : 5;
}

struct FontCandidate {
  FontFamily family;
  int rank = 5;
};

std::optional<FontCandidate> inspect_font(const FontLibrary& library, const fs::path& file,
                                          const std::vector<char32_t>& characters, int64_t least) {
  const FontFace face(library, file);
  if (face.get() == nullptr) return {};
  FontCandidate found;
  found.family.name = trim(face.get()->family_name);
  found.family.file = file;
  for (size_t i = 0; i < characters.size(); ++i) {
    if (FT_Get_Char_Index(face.get(), characters[i]) != 0) {
      found.family.covered.push_back(static_cast<int32_t>(i));
    }
  }
  if (static_cast<int64_t>(found.family.covered.size()) < least) return {};
  if (found.family.name.empty()) return {};
  found.rank = style_rank(face.get()->style_name);
  return found;
}

}  // namespace

std::vector<fs::path> find_font_files(const std::vector<fs::path>& folders) {
  std::vector<fs::path> files;
  for (const auto& folder : folders) {
    std::error_code failed;
    fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied,
                                        failed);
    for (const fs::recursive_directory_iterator end; !failed && at != end; at.increment(failed)) {
      const std::string extension = lower(at->path().extension().string());
      std::error_code broken;  // a dangling link
      if ((extension == ".ttf" || extension == ".otf") && at->is_regular_file(broken)) {
        files.push_back(at->path());
      }
    }
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

std::vector<FontFamily> find_families(const std::vector<fs::path>& files,
                                      const std::vector<char32_t>& characters, int64_t least) {
  std::vector<std::optional<FontCandidate>> candidates(files.size());
  std::vector<std::unique_ptr<FontLibrary>> libraries(16);
  for_each_in_parallel(static_cast<int64_t>(files.size()), [&](int64_t worker, int64_t i) {
    auto& library = libraries[static_cast<size_t>(worker)];
    if (!library) library = std::make_unique<FontLibrary>();
    const auto at = static_cast<size_t>(i);
    candidates[at] = inspect_font(*library, files[at], characters, least);
  });
  std::map<std::string, FontCandidate> best;
  for (auto& candidate : candidates) {
    if (!candidate) continue;
    const auto [entry, is_new] = best.try_emplace(candidate->family.name, *candidate);
    if (!is_new && candidate->rank < entry->second.rank) entry->second = std::move(*candidate);
  }
  std::vector<FontFamily> families;
  for (auto& [name, candidate] : best) families.push_back(std::move(candidate.family));
  return families;
}

}  // namespace likewise::detail
