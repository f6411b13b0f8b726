// Recordings of sound, a file a sample: decoded and brought to one rate when they are asked for.
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "data/file_images.hpp"
#include "data/folder_walk.hpp"
#include "data/kinds.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/sound.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

class FileSounds final : public Dataset {
 public:
  FileSounds(FileList list, DatasetInfo info) : list_(std::move(list)), info_(std::move(info)) {}

  int64_t size() const override { return static_cast<int64_t>(list_.paths.size()); }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override { return number(list_.labels, i); }
  int64_t domain(int64_t i) const override { return number(list_.domains, i); }
  std::string name(int64_t i) const override { return list_.paths[static_cast<size_t>(i)]; }

  Sample get(int64_t i) const override {
    LIKEWISE_CHECK(i >= 0 && i < size(), "sample {} of {}", i, size());
    Sound sound = read_sound(list_.root / list_.paths[static_cast<size_t>(i)]);
    const auto rate = static_cast<int64_t>(info_.rate);
    if (sound.rate != rate) sound = resample_sound(sound, rate);
    const Tensor x = at::empty({sound.channels, sound.frames()}, at::kFloat);
    std::memcpy(x.data_ptr<float>(), sound.samples.data(), sound.samples.size() * sizeof(float));
    return {{x}, label(i), domain(i), i};
  }

 private:
  static int64_t number(const std::vector<int64_t>& numbers, int64_t i) {
    return numbers.empty() ? -1 : numbers[static_cast<size_t>(i)];
  }
  FileList list_;
  DatasetInfo info_;
};

// The rate of most files, of up to 64 that are looked at; the higher one of two that are as
// frequent. Broken files have no say; that they are broken is said when they are read.
int64_t usual_rate(const FileList& list) {
  constexpr size_t kLooks = 64;
  std::map<int64_t, int64_t> counts;
  const size_t n = list.paths.size(), looks = std::min(n, kLooks);
  std::string first_error;
  for (size_t k = 0; k < looks; ++k) {
    try {
      ++counts[read_sound_info(list.root / list.paths[k * n / looks]).rate];
    } catch (const DataError& error) {
      if (first_error.empty()) first_error = error.what();
    }
  }
  if (counts.empty()) {
    throw DataError("none of {} sounds could be read; the first: {}", looks, first_error);
  }
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) {
                            return a.second < b.second ||
                                   (a.second == b.second && a.first < b.first);
                          })
      ->first;
}

}  // namespace

DatasetPtr file_sounds(FileList list, DatasetInfo info, const OpenOptions& options) {
  if (options.rate > 0 && options.rate < 100) {
    throw UserError("--data.rate {}: a sound has at least 100 frames a second", options.rate);
  }
  info.rate = options.rate > 0 ? std::round(options.rate) : static_cast<double>(usual_rate(list));
  return std::make_shared<FileSounds>(std::move(list), std::move(info));
}

bool is_sound_file(const OpenRequest& request) {
  std::error_code ignored;
  return has_sound_extension(request.path) && fs::is_regular_file(request.path, ignored);
}

DatasetPtr open_sound_file(const OpenRequest& request) {
  if (!request.part.empty()) unknown_part(request.name, request.part, {});
  DatasetInfo info;
  info.name = request.name;
  info.kind = "sound";
  info.modality = Modality::audio;
  return file_sounds({request.path.parent_path(), {request.path.filename().string()}, {}, {}},
                     std::move(info), request.options);
}

}  // namespace likewise::detail
