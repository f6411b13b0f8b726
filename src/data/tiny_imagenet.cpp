// Tiny ImageNet (Stanford CS231n): train/WNID/images/*.JPEG, val/images/*.JPEG with the classes in
// val/val_annotations.txt (file, WNID and a box, separated by tabs), words.txt with the names.
// Classes are the folders of train, sorted.

#include <algorithm>
#include <map>

#include "data/file_images.hpp"
#include "data/folder_walk.hpp"
#include "data/kinds.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

// The file val_annotations*.txt; empty when there is none.
fs::path find_annotations(const fs::path& val) {
  std::vector<fs::path> found;
  std::error_code failed;
  fs::directory_iterator at(val, failed);
  for (const fs::directory_iterator end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (starts_with_folded(name, "val_annotations") && at->path().extension() == ".txt") {
      found.push_back(at->path());
    }
  }
  std::sort(found.begin(), found.end());
  return found.empty() ? fs::path() : found.front();
}

std::vector<std::string> tiny_imagenet_classes(const fs::path& train) {
  std::vector<std::string> wnids;
  for (const auto& entry : fs::directory_iterator(train)) {
    const std::string name = entry.path().filename().string();
    if (name.front() != '.' && entry.is_directory()) wnids.push_back(name);
  }
  std::sort(wnids.begin(), wnids.end());
  return wnids;
}

// The first synonym of every WNID, all synonyms where that is ambiguous ("crane"), the WNID where
// words.txt does not know it.
std::vector<std::string> readable_classes(const fs::path& root,
                                          const std::vector<std::string>& wnids) {
  std::map<std::string, std::string> words;
  std::error_code ignored;
  if (fs::exists(root / "words.txt", ignored)) {
    for (const auto& line : split(read_text(root / "words.txt"), '\n')) {
      const size_t tab = line.find('\t');
      if (tab != std::string::npos) words[line.substr(0, tab)] = trim(line.substr(tab + 1));
    }
  }
  const auto first_synonym = [](const std::string& all) { return all.substr(0, all.find(',')); };
  std::map<std::string, int> uses;
  for (const auto& wnid : wnids) {
    if (words.count(wnid) > 0) ++uses[first_synonym(words[wnid])];
  }
  std::vector<std::string> names;
  for (const auto& wnid : wnids) {
    if (words.count(wnid) == 0) {
      names.push_back(wnid);
      continue;
    }
    const std::string& all = words[wnid];
    names.push_back(uses[first_synonym(all)] == 1 ? first_synonym(all) : all);
  }
  return names;
}

std::map<std::string, std::string> read_annotations(const fs::path& file) {
  std::map<std::string, std::string> classes;  // file name -> WNID
  int64_t line_number = 0;
  for (const auto& line : split(read_text(file), '\n')) {
    ++line_number;
    if (trim(line).empty()) continue;
    const auto fields = split(line, '\t');
    if (fields.size() < 2) {
      throw DataError("{}:{}: expected file and class separated by a tab, found '{}'",
                      file.string(), line_number, line);
    }
    classes[fields[0]] = trim(fields[1]);
  }
  return classes;
}

}  // namespace

bool is_tiny_imagenet(const OpenRequest& request) {
  std::error_code ignored;
  return fs::is_directory(request.path / "train", ignored) &&
         fs::is_directory(request.path / "val" / "images", ignored) &&
         !find_annotations(request.path / "val").empty();
}

DatasetPtr open_tiny_imagenet(const OpenRequest& request) {
  const std::string part = request.part.empty() ? "train" : request.part;
  const bool is_train = part == "train";
  if (!is_train && part != "val" && part != "test") {
    unknown_part(request.name, part, {"train", "test", "val"});
  }
  const auto wnids = tiny_imagenet_classes(request.path / "train");
  std::map<std::string, int64_t> numbers;
  for (const auto& wnid : wnids) numbers.emplace(wnid, static_cast<int64_t>(numbers.size()));
  const auto annotations = is_train ? std::map<std::string, std::string>()
                                    : read_annotations(find_annotations(request.path / "val"));
  const std::string folder = is_train ? "train" : "val";
  FileList list{request.path, {}, {}, {}};
  for (const auto& path : find_images(request.path / folder).paths) {
    std::string wnid = path.substr(0, path.find('/'));
    if (!is_train) {
      const auto found = annotations.find(path.substr(path.rfind('/') + 1));
      wnid = found == annotations.end() ? "" : found->second;
    }
    const auto number = numbers.find(wnid);
    list.paths.push_back(folder + "/" + path);
    list.labels.push_back(number == numbers.end() ? -1 : number->second);
  }
  if (list.paths.empty()) {
    throw UserError("there are no images in {}", (request.path / folder).string());
  }
  DatasetInfo info{request.full_name(),
                   "tiny-imagenet",
                   Modality::image,
                   readable_classes(request.path, wnids),
                   {}};
  return file_images(std::move(list), std::move(info));
}

}  // namespace likewise::detail
