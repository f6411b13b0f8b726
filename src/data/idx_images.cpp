// IDX files: MNIST, Fashion-MNIST, KMNIST, EMNIST, ... A file of images PREFIX-images-idx3-ubyte
// goes with PREFIX-labels-idx1-ubyte beside it; each may end in .gz.
//
// In a folder, "train" is the prefix that contains train, "test" the one with t10k or test; if
// there are several of these (EMNIST), the prefixes themselves are the parts.

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "data/file_images.hpp"
#include "data/kinds.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/memory.hpp"
#include "likewise/formats/idx.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

bool is_idx_images_name(const std::string& name) {
  const std::string folded = lower(name);
  const bool idx = folded.find("idx3") != std::string::npos;
  return idx && folded.find("images") != std::string::npos && folded.front() != '.';
}

// "emnist-letters-train-images-idx3-ubyte.gz" -> "emnist-letters-train"
std::string idx_prefix(const std::string& name) {
  std::string prefix = name.substr(0, lower(name).find("images"));
  while (!prefix.empty() &&
         (prefix.back() == '-' || prefix.back() == '_' || prefix.back() == '.')) {
    prefix.pop_back();
  }
  return prefix;
}

std::string idx_meaning(const std::string& prefix) {
  const std::string folded = lower(prefix);
  if (folded.find("train") != std::string::npos) return "train";
  if (folded.find("t10k") != std::string::npos) return "test";
  return folded.find("test") != std::string::npos ? "test" : folded;
}

// The labels' file beside the images'; empty when there is none.
fs::path idx_labels_beside(const fs::path& images) {
  std::string name = images.filename().string();
  const auto replace = [&](const std::string& from, const std::string& to) {
    const size_t at = lower(name).find(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
  };
  replace("images", "labels");
  replace("idx3", "idx1");
  if (name == images.filename().string()) return {};
  std::string other = name;
  if (lower(name).ends_with(".gz")) {
    other.resize(other.size() - 3);
  } else {
    other += ".gz";
  }
  std::error_code ignored;
  for (const auto& candidate : {name, other}) {
    if (fs::exists(images.parent_path() / candidate, ignored)) {
      return images.parent_path() / candidate;
    }
  }
  return {};
}

// Part -> file. A prefix seen both plain and compressed counts once.
std::map<std::string, fs::path> idx_parts(const fs::path& folder) {
  std::map<std::string, fs::path> by_prefix;
  std::error_code failed;
  fs::directory_iterator at(folder, failed);
  for (const fs::directory_iterator end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    std::error_code broken;
    if (!is_idx_images_name(name) || !at->is_regular_file(broken)) continue;
    auto& file = by_prefix[idx_prefix(name)];
    if (file.empty() || at->path().string().size() < file.string().size()) file = at->path();
  }
  std::map<std::string, fs::path> by_meaning;
  for (const auto& [prefix, file] : by_prefix) by_meaning[idx_meaning(prefix)] = file;
  return by_meaning.size() == by_prefix.size() ? by_meaning : by_prefix;
}

DatasetPtr open_idx_file(const fs::path& file, const OpenRequest& request) {
  const auto images = read_idx_file(file);
  if (images.shape.size() != 3) {
    throw DataError("{}: images need 3 dimensions, this file has {}", file.string(),
                    images.shape.size());
  }
  Tensor x = at::empty({images.shape[0], 1, images.shape[1], images.shape[2]}, at::kByte);
  if (!images.bytes.empty()) {
    std::memcpy(x.data_ptr<uint8_t>(), images.bytes.data(), images.bytes.size());
  }
  std::vector<int64_t> labels;
  const fs::path labels_file = idx_labels_beside(file);
  if (!labels_file.empty()) {
    const auto numbers = read_idx_file(labels_file);
    if (numbers.shape.size() != 1 || numbers.shape[0] != images.shape[0]) {
      throw DataError("{}: {} labels were expected, one for each image of {}, found {}",
                      labels_file.string(), images.shape[0], file.string(),
                      numbers.shape.empty() ? 0 : numbers.shape[0]);
    }
    labels.assign(numbers.bytes.begin(), numbers.bytes.end());
  }
  DatasetInfo info;
  info.name = request.full_name();
  info.kind = "idx";
  return memory_dataset(x, std::move(labels), {}, info, file.filename().string());
}

}  // namespace

bool is_idx(const OpenRequest& request) {
  std::error_code ignored;
  if (fs::is_directory(request.path, ignored)) return !idx_parts(request.path).empty();
  const std::string name = lower(request.path.filename().string());
  return fs::is_regular_file(request.path, ignored) && name.find("idx") != std::string::npos;
}

DatasetPtr open_idx(const OpenRequest& request) {
  std::error_code ignored;
  if (!fs::is_directory(request.path, ignored)) {
    if (!request.part.empty()) unknown_part(request.name, request.part, {});
    return open_idx_file(request.path, request);
  }
  const auto parts = idx_parts(request.path);
  std::vector<std::string> names;
  for (const auto& entry : parts) names.push_back(entry.first);
  std::string part = request.part;
  if (part.empty()) {
    if (parts.size() > 1 && parts.count("train") == 0) {
      throw UserError("{} holds several data sets: choose one as {}#{}", request.name, request.name,
                      join(names, ", #"));
    }
    part = parts.count("train") > 0 ? "train" : names.front();
  }
  const auto found = parts.find(part);
  if (found == parts.end()) unknown_part(request.name, part, names);
  return open_idx_file(found->second, request);
}

}  // namespace likewise::detail
