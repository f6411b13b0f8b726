// Folders of images, sounds, series or arrays: flat, class/..., domain/class/..., and train/ +
// test/ of these.
//
// What sub-folders mean, when the layout is "auto":
//   - domains: every image lies two levels deep or deeper, and two or more first-level folders all
//     have the same set of two or more sub-folders. First level = domain, second = class.
//   - classes: every image lies in one of two or more first-level folders. First level = class.
//   - flat: anything else. No labels.
// A folder with train/ and test/ or val/ (validation/ and so on) is a folder of splits: below a
// split, the first level is the class if all images of all splits but the unlabelled (flat) ones
// lie in sub-folders. Classes are numbered over all splits together.

#include <algorithm>
#include <map>
#include <set>

#include "data/file_images.hpp"
#include "data/folder_walk.hpp"
#include "data/kinds.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

// "a/b/c.png", 0 -> "a"; "" when the path has no folder at that depth.
std::string folder_at(const std::string& path, int depth) {
  size_t start = 0;
  for (;; --depth) {
    const size_t slash = path.find('/', start);
    if (slash == std::string::npos) return "";
    if (depth == 0) return path.substr(start, slash - start);
    start = slash + 1;
  }
}

std::vector<std::string> folders_at(const std::vector<std::string>& paths, int depth) {
  std::vector<std::string> names;
  names.reserve(paths.size());
  for (const auto& path : paths) names.push_back(folder_at(path, depth));
  return names;
}

std::string detect_layout(const std::vector<std::string>& paths) {
  std::map<std::string, std::set<std::string>> tree;
  for (const auto& path : paths) tree[folder_at(path, 0)].insert(folder_at(path, 1));
  if (tree.count("") > 0 || tree.size() < 2) return "flat";
  const auto& first = tree.begin()->second;
  const bool same = std::all_of(tree.begin(), tree.end(),
                                [&](const auto& entry) { return entry.second == first; });
  return same && first.size() >= 2 && first.count("") == 0 ? "domains" : "classes";
}

// "images" is what the messages say of them.
const char* items_of(Modality modality) {
  switch (modality) {
    case Modality::image:
      return "images";
    case Modality::audio:
      return "sounds";
    case Modality::series:
      return "series";
    case Modality::tensor:
      return "arrays";
  }
  return "";
}

FolderImages images_or_error(const OpenRequest& request, Modality modality) {
  auto found = find_files(request.path, modality);
  if (!found.paths.empty()) return found;
  const std::string what =
      found.other_files == 0
          ? "it has no files at all"
          : fmt::format("it has {} other file{}, most of them {}", format_count(found.other_files),
                        found.other_files == 1 ? "" : "s", join(found.other_extensions, ", "));
  // Nothing said what the files are: all that could have been meant is named.
  const bool open = modality == Modality::image;
  throw UserError("there are no {}{} in {}: {}; accepted are {}{}", items_of(modality),
                  open ? ", sounds or series" : "", request.path.string(), what,
                  extensions_of(modality),
                  open ? fmt::format("; {}; {}", extensions_of(Modality::audio),
                                     extensions_of(Modality::series))
                       : "");
}

void check_in_folders(const std::vector<std::string>& names, const std::vector<std::string>& paths,
                      const OpenRequest& request) {
  const auto outside = std::find(names.begin(), names.end(), "");
  if (outside == names.end()) return;
  throw UserError(
      "layout = {} does not fit {}: {} does not lie in {}", request.options.layout,
      request.path.string(), paths[static_cast<size_t>(outside - names.begin())],
      request.options.layout == "domains" ? "a domain's class folder" : "a class folder");
}

// train, training -> train; val, valid, validation, dev -> val; test, testing -> test.
std::string split_meaning(const std::string& folder) {
  const std::string name = lower(folder);
  if (name == "train" || name == "training") return "train";
  if (name == "test" || name == "testing") return "test";
  if (name == "val" || name == "valid" || name == "validation" || name == "dev") return "val";
  return "";
}

// Meaning -> folder; empty unless there is train and one of the others.
std::map<std::string, std::string> split_folders(const fs::path& root) {
  std::map<std::string, std::string> found;
  std::error_code failed;
  fs::directory_iterator at(root, failed);
  for (const fs::directory_iterator end; !failed && at != end; at.increment(failed)) {
    std::error_code broken;
    const std::string name = at->path().filename().string();
    const std::string meaning = split_meaning(name);
    if (!meaning.empty() && at->is_directory(broken)) found.emplace(meaning, name);
  }
  if (found.size() < 2 || found.count("train") == 0) found.clear();
  return found;
}

// Only the paths, labels and domains whose `names` entry is `wanted`.
FileList select_from(const FileList& list, const std::vector<std::string>& names,
                     const std::string& wanted) {
  FileList part{list.root, {}, {}, {}};
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] != wanted) continue;
    part.paths.push_back(list.paths[i]);
    if (!list.labels.empty()) part.labels.push_back(list.labels[i]);
    if (!list.domains.empty()) part.domains.push_back(list.domains[i]);
  }
  return part;
}

}  // namespace

bool is_image_folder(const OpenRequest& request) {
  std::error_code ignored;
  return fs::is_directory(request.path, ignored);
}

DatasetPtr open_image_folder(const OpenRequest& request) {
  const Modality modality = request.modality();
  auto found = images_or_error(request, modality);
  FileList list{request.path, std::move(found.paths), {}, {}};
  std::string layout = request.options.layout;
  if (layout == "auto") layout = detect_layout(list.paths);
  DatasetInfo info;
  info.name = request.full_name();
  info.modality = modality;
  info.kind = fmt::format("{}-folder", modality_name(modality));
  if (layout != "flat") {
    const auto names = folders_at(list.paths, layout == "domains" ? 1 : 0);
    check_in_folders(names, list.paths, request);
    auto classes = number_names(names);
    info.class_names = std::move(classes.names);
    list.labels = std::move(classes.numbers);
  }
  std::vector<std::string> domains;
  if (layout == "domains") {
    domains = folders_at(list.paths, 0);
    auto numbered = number_names(domains);
    info.domain_names = std::move(numbered.names);
    list.domains = std::move(numbered.numbers);
  }
  if (!request.part.empty()) {
    list = select_from(list, domains, request.part);
    if (list.paths.empty()) unknown_part(request.name, request.part, info.domain_names);
  }
  return file_samples(std::move(list), std::move(info), request.options);
}

bool is_split_folder(const OpenRequest& request) {
  return request.options.layout != "domains" && !split_folders(request.path).empty();
}

DatasetPtr open_split_folder(const OpenRequest& request) {
  const auto splits = split_folders(request.path);
  const Modality modality = request.modality();
  FileList list{request.path, images_or_error(request, modality).paths, {}, {}};
  const auto split_names = folders_at(list.paths, 0);
  auto class_names = folders_at(list.paths, 1);
  std::set<std::string> flat;  // splits with an image outside of class folders
  for (size_t i = 0; i < class_names.size(); ++i) {
    if (class_names[i].empty()) flat.insert(split_names[i]);
  }
  for (size_t i = 0; i < class_names.size(); ++i) {
    const bool counts = !split_meaning(split_names[i]).empty() && flat.count(split_names[i]) == 0;
    if (!counts || request.options.layout == "flat") class_names[i].clear();
  }
  auto classes = number_names(class_names);
  DatasetInfo info;
  info.name = request.full_name();
  info.kind = "split-folder";
  info.modality = modality;
  if (classes.names.size() >= 2) {
    info.class_names = std::move(classes.names);
    list.labels = std::move(classes.numbers);
  }
  // "test" means val where there is no test: both are for what training has not seen.
  std::string wanted = request.part.empty() ? "train" : split_meaning(request.part);
  if (wanted == "test" && splits.count("test") == 0) wanted = "val";
  const auto folder = splits.find(wanted);
  if (folder == splits.end()) {
    std::vector<std::string> parts;
    for (const auto& entry : splits) parts.push_back(entry.first);
    unknown_part(request.name, request.part, parts);
  }
  list = select_from(list, split_names, folder->second);
  if (list.paths.empty()) {
    throw UserError("there are no {} in {}; accepted are {}", items_of(modality),
                    (request.path / folder->second).string(), extensions_of(modality));
  }
  return file_samples(std::move(list), std::move(info), request.options);
}

}  // namespace likewise::detail
