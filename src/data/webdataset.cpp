// WebDataset shards: tar files in which neighbouring members with the same key (the name up to the
// first dot) are one sample. The image is the member that ends in .jpg, .jpeg, .png or .webp; the
// label is the text of .cls, or "label", "cls" or "class" of .json. Whole numbers are classes by
// themselves, so that shards opened apart agree; other labels are sorted.
//
// In a folder the shards' names without trailing digits ("train-00012.tar": "train") are the parts;
// the folder alone means "train" if there is such a part, else all shards.

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "data/file_images.hpp"
#include "data/kinds.hpp"
#include "data/shard_names.hpp"
#include "data/stamped.hpp"
#include "data/threads.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/image_tensor.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/formats/tar.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kLargestLabelFile = 1 << 20;

// One shard with its samples and the text of their labels.
struct Shard {
  std::unique_ptr<TarFile> file;
  std::vector<TarEntry> images;
  std::vector<std::string> labels;
  int64_t without_image = 0;
};

std::string json_label(const std::string& text, const std::string& where) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) throw DataError("{}: not valid JSON", where);
  for (const char* key : {"label", "cls", "class"}) {
    if (!json.is_object() || !json.contains(key)) continue;
    const auto& value = json.at(key);
    if (value.is_string()) return trim(value.get<std::string>());
    if (value.is_number_integer()) return std::to_string(value.get<int64_t>());
  }
  return "";
}

std::string member_text(const TarFile& file, const TarEntry& entry) {
  if (entry.size > kLargestLabelFile) {
    throw DataError("{}: the label {} has {} bytes, at most {} are read", file.path(), entry.name,
                    entry.size, kLargestLabelFile);
  }
  const auto bytes = file.read(entry);
  return {bytes.begin(), bytes.end()};
}

// The label text of the members of one sample; .cls goes before .json.
std::string label_of_members(const TarFile& file, std::span<const TarEntry> members) {
  for (const auto& member : members) {
    if (tar_key(member.name).second == "cls") return trim(member_text(file, member));
  }
  for (const auto& member : members) {
    if (tar_key(member.name).second == "json") {
      return json_label(member_text(file, member), file.path() + "/" + member.name);
    }
  }
  return "";
}

Shard index_shard(const fs::path& path) {
  Shard shard;
  shard.file = std::make_unique<TarFile>(path);
  const std::span<const TarEntry> entries = shard.file->entries();
  for (size_t start = 0; start < entries.size();) {
    const std::string key = tar_key(entries[start].name).first;
    size_t end = start + 1;
    while (end < entries.size() && tar_key(entries[end].name).first == key) ++end;
    const auto members = entries.subspan(start, end - start);
    const auto image = std::find_if(members.begin(), members.end(), [](const TarEntry& member) {
      return has_image_extension(member.name);
    });
    if (image == members.end()) {
      ++shard.without_image;
    } else {
      shard.images.push_back(*image);
      shard.labels.push_back(label_of_members(*shard.file, members));
    }
    start = end;
  }
  return shard;
}

class WebDataset final : public Dataset, public Stamped {
 public:
  WebDataset(std::vector<Shard> shards, DatasetInfo info, std::vector<int64_t> labels)
      : shards_(std::move(shards)), info_(std::move(info)), labels_(std::move(labels)) {
    for (size_t s = 0; s < shards_.size(); ++s) {
      starts_.push_back(size_);
      size_ += static_cast<int64_t>(shards_[s].images.size());
    }
  }

  int64_t size() const override { return size_; }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override { return labels_[static_cast<size_t>(i)]; }
  int64_t domain(int64_t) const override { return -1; }
  std::string name(int64_t i) const override {
    const Shard& shard = shard_of(i);
    return fs::path(shard.file->path()).filename().string() + "/" + image_of(i).name;
  }
  Sample get(int64_t i) const override { return get_part(i, {}); }
  uint64_t stamp(int64_t i) const override { return file_stamp(shard_of(i).file->path()); }

  Sample get_part(int64_t i, const Window& window) const override {
    LIKEWISE_CHECK(i >= 0 && i < size_, "sample {} of {}", i, size_);
    const Shard& shard = shard_of(i);
    const TarEntry& entry = image_of(i);
    const auto bytes = shard.file->read(entry);
    return {{decode_tensor(bytes, shard.file->path() + "/" + entry.name, window)}, label(i), -1, i};
  }

 private:
  size_t shard_number(int64_t i) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), i);
    return static_cast<size_t>(after - starts_.begin() - 1);
  }
  const Shard& shard_of(int64_t i) const { return shards_[shard_number(i)]; }
  const TarEntry& image_of(int64_t i) const {
    const size_t s = shard_number(i);
    return shards_[s].images[static_cast<size_t>(i - starts_[s])];
  }

  std::vector<Shard> shards_;
  DatasetInfo info_;
  std::vector<int64_t> labels_, starts_;
  int64_t size_ = 0;
};

// Whole numbers from 0 keep their value; anything else is sorted.
Numbered number_labels(const std::vector<std::string>& labels) {
  constexpr int64_t kMostClasses = 1 << 20;
  Numbered result;
  int64_t most = -1;
  for (const auto& label : labels) {
    int64_t value = -1;
    if (!label.empty()) {
      const auto [end, failed] = std::from_chars(label.data(), label.data() + label.size(), value);
      if (failed != std::errc() || end != label.data() + label.size() || value < 0 ||
          value >= kMostClasses) {
        return number_names(labels);
      }
    }
    result.numbers.push_back(value);
    most = std::max(most, value);
  }
  for (int64_t i = 0; i <= most; ++i) result.names.push_back(std::to_string(i));
  return result;
}

std::vector<fs::path> choose_shards(const OpenRequest& request) {
  auto shards = find_shards(request.path);
  std::set<std::string> parts;
  for (const auto& shard : shards) parts.insert(shard_part(shard));
  std::string part = request.part;
  if (part.empty() && parts.size() > 1 && parts.count("train") > 0) part = "train";
  if (part.empty()) return shards;
  std::erase_if(shards, [&](const fs::path& shard) { return shard_part(shard) != part; });
  if (shards.empty()) unknown_part(request.name, part, {parts.begin(), parts.end()});
  return shards;
}

}  // namespace

bool is_webdataset(const OpenRequest& request) { return !find_shards(request.path).empty(); }

DatasetPtr open_webdataset(const OpenRequest& request) {
  const auto paths = choose_shards(request);
  std::vector<Shard> shards(paths.size());
  for_each_in_parallel(static_cast<int64_t>(paths.size()), [&](int64_t, int64_t i) {
    shards[static_cast<size_t>(i)] = index_shard(paths[static_cast<size_t>(i)]);
  });
  std::vector<std::string> labels;
  int64_t without_image = 0;
  for (const auto& shard : shards) {
    labels.insert(labels.end(), shard.labels.begin(), shard.labels.end());
    without_image += shard.without_image;
  }
  if (labels.empty()) {
    throw UserError(
        "there are no images in {} ({} shards, {} samples without one); accepted are "
        ".jpg, .jpeg, .png and .webp",
        request.full_name(), paths.size(), without_image);
  }
  auto numbered = number_labels(labels);
  DatasetInfo info{
      request.full_name(), "webdataset", Modality::image, std::move(numbered.names), {}};
  return std::make_shared<WebDataset>(std::move(shards), std::move(info),
                                      std::move(numbered.numbers));
}

}  // namespace likewise::detail
