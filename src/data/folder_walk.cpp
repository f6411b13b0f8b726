#include "data/folder_walk.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

#include "data/cache_file.hpp"
#include "data/stable_hash.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/formats/sound.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kIndexTag = "likewise folder index, version 1";
constexpr int64_t kNanoseconds = 1'000'000'000;

struct VisitedFolder {
  std::string path;  // relative, "" for the root
  int64_t modified = 0;
};

// Identity and time of a folder (links followed); nothing when it is none.
struct FolderState {
  uint64_t device = 0, inode = 0;
  int64_t modified = 0;
};
std::optional<FolderState> folder_state(const fs::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return {};
  return FolderState{
      found.st_dev, found.st_ino,
      static_cast<int64_t>(found.st_mtim.tv_sec) * kNanoseconds + found.st_mtim.tv_nsec};
}

class FolderWalker {
 public:
  FolderWalker(const fs::path& root, Modality modality) : root_(root), modality_(modality) {}

  void visit(const std::string& relative) {
    const fs::path folder = relative.empty() ? root_ : root_ / relative;
    const auto state = folder_state(folder);
    if (!state || is_ancestor(*state)) return;
    visited.push_back({relative, state->modified});
    ancestors_.push_back(*state);
    for (const auto& [name, is_folder] : entries(folder)) {
      const std::string path = relative.empty() ? name : relative + "/" + name;
      if (is_folder) {
        visit(path);
      } else if (has_extension_of(name, modality_)) {
        images.push_back(path);
      } else {
        ++others[lower(fs::path(name).extension().string())];
      }
    }
    ancestors_.pop_back();
  }

  std::vector<VisitedFolder> visited;
  std::vector<std::string> images;
  std::map<std::string, int64_t> others;  // extension -> count

 private:
  bool is_ancestor(const FolderState& state) const {
    return std::any_of(ancestors_.begin(), ancestors_.end(), [&](const FolderState& above) {
      return above.device == state.device && above.inode == state.inode;
    });
  }

  // Name and whether it is a folder, sorted.
  static std::vector<std::pair<std::string, bool>> entries(const fs::path& folder) {
    std::vector<std::pair<std::string, bool>> found;
    std::error_code failed;
    fs::directory_iterator at(folder, failed);
    if (failed) throw UserError("cannot list the folder {}: {}", folder.string(), failed.message());
    for (const fs::directory_iterator end; at != end; at.increment(failed)) {
      const std::string name = at->path().filename().string();
      if (name.front() == '.' || name == "__MACOSX") continue;
      std::error_code broken;
      if (at->is_directory(broken)) {
        found.emplace_back(name, true);
      } else if (at->is_regular_file(broken)) {
        found.emplace_back(name, false);
      }
    }
    if (failed) throw UserError("cannot list the folder {}: {}", folder.string(), failed.message());
    std::sort(found.begin(), found.end());
    return found;
  }

  fs::path root_;
  Modality modality_;
  std::vector<FolderState> ancestors_;
};

std::string absolute_name(const fs::path& root) {
  std::error_code failed;
  const fs::path full = fs::canonical(root, failed);
  return failed ? fs::absolute(root).string() : full.string();
}

std::string index_cache_name(const std::string& absolute, Modality modality) {
  return fmt::format("index-{}{:016x}.bin",
                     modality == Modality::image ? "" : std::string(modality_name(modality)) + "-",
                     stable_hash(absolute));
}

// Paths are kept as their folder's number and their name: a third of the size.
std::vector<uint8_t> pack_index(const std::string& absolute,
                                const std::vector<VisitedFolder>& visited,
                                const FolderImages& found) {
  ByteWriter writer;
  writer.text(absolute);
  writer.number(static_cast<int64_t>(visited.size()));
  std::map<std::string_view, int64_t> numbers;
  for (const auto& folder : visited) {
    numbers.emplace(folder.path, static_cast<int64_t>(numbers.size()));
    writer.text(folder.path);
    writer.number(folder.modified);
  }
  writer.number(static_cast<int64_t>(found.paths.size()));
  for (const std::string_view path : found.paths) {
    const size_t slash = path.rfind('/');
    const bool nested = slash != std::string_view::npos;
    writer.number(numbers.at(nested ? path.substr(0, slash) : std::string_view()));
    writer.text(nested ? path.substr(slash + 1) : path);
  }
  writer.number(found.other_files);
  return writer.buffer();
}

std::optional<FolderImages> unpack_index(const std::string& absolute, const fs::path& root,
                                         std::span<const uint8_t> packed) {
  ByteReader reader(packed);
  if (reader.text() != absolute) return {};
  std::vector<std::string> folders;
  const int64_t folder_count = reader.number();
  for (int64_t i = 0; i < folder_count && reader.ok(); ++i) {
    folders.push_back(reader.text());
    const int64_t modified = reader.number();
    const auto state = folder_state(folders.back().empty() ? root : root / folders.back());
    if (!state || state->modified != modified) return {};
  }
  FolderImages found;
  const int64_t count = reader.number();
  for (int64_t i = 0; i < count && reader.ok(); ++i) {
    const int64_t folder = reader.number();
    if (folder < 0 || folder >= folder_count) return {};
    const auto& parent = folders[static_cast<size_t>(folder)];
    const std::string name = reader.text();
    found.paths.push_back(parent.empty() ? name : parent + "/" + name);
  }
  found.other_files = reader.number();
  if (!reader.at_end()) return {};
  found.from_cache = true;
  return found;
}

// A change in the same tick of the file system's clock as the listing would go unseen later.
bool settled(const std::vector<VisitedFolder>& visited) {
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  return std::all_of(visited.begin(), visited.end(), [&](const VisitedFolder& folder) {
    return folder.modified < now - 2 * kNanoseconds;
  });
}

}  // namespace

FolderImages find_images(const fs::path& root) { return find_files(root, Modality::image); }

bool has_extension_of(const fs::path& path, Modality modality) {
  const std::string extension = lower(path.extension().string());
  switch (modality) {
    case Modality::image:
      return has_image_extension(path);
    case Modality::audio:
      return has_sound_extension(path);
    case Modality::series:
      return extension == ".csv" || extension == ".tsv" || extension == ".npy";
    case Modality::tensor:
      return extension == ".npy";
  }
  return false;
}

const char* extensions_of(Modality modality) {
  switch (modality) {
    case Modality::image:
      return ".jpg, .jpeg, .png and .webp";
    case Modality::audio:
      return ".wav, .flac, .ogg, .oga, .opus, .mp3, .aif and .aiff";
    case Modality::series:
      return ".csv, .tsv and .npy";
    case Modality::tensor:
      return ".npy";
  }
  return "";
}

Modality modality_of_folder(const fs::path& root) {
  constexpr int64_t kEnough = 4000;
  constexpr Modality kOrder[] = {Modality::image, Modality::audio, Modality::tensor,
                                 Modality::series};
  int64_t counts[4] = {}, seen = 0;
  const std::function<void(const fs::path&, int)> look = [&](const fs::path& folder, int depth) {
    std::vector<fs::path> entries;
    std::error_code failed;
    fs::directory_iterator at(folder, failed);
    for (const fs::directory_iterator end; !failed && at != end; at.increment(failed)) {
      const std::string name = at->path().filename().string();
      if (name.front() != '.' && name != "__MACOSX") entries.push_back(at->path());
    }
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) {
      if (seen >= kEnough) return;
      std::error_code broken;
      if (fs::is_directory(entry, broken)) {
        if (depth < 16) look(entry, depth + 1);
        continue;
      }
      for (int k = 0; k < 4; ++k) {
        if (!has_extension_of(entry, kOrder[k])) continue;
        ++counts[k];
        ++seen;
        break;
      }
    }
  };
  look(root, 0);
  int best = 0;
  for (int k = 1; k < 3; ++k) {
    if (counts[k] > counts[best]) best = k;
  }
  // Tables often lie beside what they describe.
  if (counts[3] > 10 * counts[best]) best = 3;
  return kOrder[best];
}

FolderImages find_files(const fs::path& root, Modality modality) {
  if (!folder_state(root)) throw UserError("there is no folder {}", root.string());
  const std::string absolute = absolute_name(root);
  const std::string name = index_cache_name(absolute, modality);
  if (const auto packed = read_cache(name, kIndexTag)) {
    if (auto found = unpack_index(absolute, root, *packed)) return std::move(*found);
  }
  FolderWalker walker(root, modality);
  walker.visit("");
  FolderImages found;
  found.paths = std::move(walker.images);
  std::vector<std::pair<int64_t, std::string>> frequent;
  for (const auto& [extension, count] : walker.others) {
    found.other_files += count;
    frequent.emplace_back(-count, extension.empty() ? "no extension" : extension);
  }
  std::sort(frequent.begin(), frequent.end());
  for (size_t i = 0; i < frequent.size() && i < 3; ++i) {
    found.other_extensions.push_back(frequent[i].second);
  }
  if (!found.paths.empty() && settled(walker.visited)) {
    write_cache(name, kIndexTag, pack_index(absolute, walker.visited, found));
  }
  return found;
}

}  // namespace likewise::detail
