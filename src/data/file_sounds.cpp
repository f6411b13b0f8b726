// Recordings of sound, a file or a window of it a sample: decoded and brought to one rate when they
// are asked for.
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "data/file_images.hpp"
#include "data/folder_walk.hpp"
#include "data/kinds.hpp"
#include "data/threads.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/sound.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

Tensor tensor_of(const Sound& sound) {
  const Tensor x = at::empty({sound.channels, sound.frames()}, at::kFloat);
  std::memcpy(x.data_ptr<float>(), sound.samples.data(), sound.samples.size() * sizeof(float));
  return x;
}

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
    return {{tensor_of(sound)}, label(i), domain(i), i};
  }

 private:
  static int64_t number(const std::vector<int64_t>& numbers, int64_t i) {
    return numbers.empty() ? -1 : numbers[static_cast<size_t>(i)];
  }
  FileList list_;
  DatasetInfo info_;
};

// Begins, in seconds, of windows of a recording: every `hop` as long as half of a window is left,
// at least one.
std::vector<double> window_begins(double length, double seconds, double hop) {
  std::vector<double> out = {0};
  for (int64_t k = 1; static_cast<double>(k) * hop + seconds / 2 <= length; ++k) {
    out.push_back(static_cast<double>(k) * hop);
  }
  return out;
}

// Windows "FILE#BEGIN", BEGIN in seconds; only they are read. The last one of a file may be
// shorter.
class SoundWindows final : public Dataset {
 public:
  struct Item {
    size_t file = 0;
    double begin = 0;
    int64_t rate = 0;  // of the file; 0: unknown, it is broken
  };
  SoundWindows(FileList list, DatasetInfo info, double seconds, std::vector<Item> items)
      : list_(std::move(list)),
        info_(std::move(info)),
        seconds_(seconds),
        items_(std::move(items)) {}

  int64_t size() const override { return static_cast<int64_t>(items_.size()); }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override {
    return list_.labels.empty() ? -1 : list_.labels[item(i).file];
  }
  int64_t domain(int64_t i) const override { return list_.domains[item(i).file]; }
  std::string name(int64_t i) const override {
    return fmt::format("{}#{}", list_.paths[item(i).file], std::round(item(i).begin * 1e3) / 1e3);
  }

  Sample get(int64_t i) const override {
    LIKEWISE_CHECK(i >= 0 && i < size(), "sample {} of {}", i, size());
    // Some of what is before and behind, so that resampling has no ends inside.
    constexpr double kMargin = 0.05;
    const auto& path = list_.paths[item(i).file];
    const auto from = static_cast<double>(std::max<int64_t>(1, item(i).rate));
    const double begin = std::max(0.0, item(i).begin - kMargin);
    const auto first = static_cast<int64_t>(std::llround(begin * from));
    const auto count = std::llround((item(i).begin - begin + seconds_ + kMargin) * from);
    Sound sound = read_sound_part(list_.root / path, first, std::max<int64_t>(1, count));
    const auto rate = static_cast<int64_t>(info_.rate);
    if (sound.rate != rate) sound = resample_sound(sound, rate);
    const int64_t before = std::llround((item(i).begin - begin) * info_.rate);
    if (before >= sound.frames()) throw DataError("{}: the recording ends before this", name(i));
    const Tensor x =
        tensor_of(sound).narrow(1, before, std::min(info_.window, sound.frames() - before));
    return {{x.clone()}, label(i), domain(i), i};
  }

 private:
  const Item& item(int64_t i) const { return items_[static_cast<size_t>(i)]; }
  FileList list_;
  DatasetInfo info_;
  double seconds_;
  std::vector<Item> items_;
};

DatasetPtr windows_of(FileList list, DatasetInfo info, const OpenOptions& options) {
  const double hop = options.hop > 0 ? options.hop : options.seconds;
  std::vector<SoundInfo> headers(list.paths.size());
  for_each_in_parallel(static_cast<int64_t>(headers.size()), [&](int64_t, int64_t i) {
    const auto at = static_cast<size_t>(i);
    try {
      headers[at] = read_sound_info(list.root / list.paths[at]);
    } catch (const DataError&) {
      // It is said when it is read.
    }
  });
  std::vector<SoundWindows::Item> items;
  for (size_t f = 0; f < headers.size(); ++f) {
    const double length = headers[f].rate > 0 ? static_cast<double>(headers[f].frames) /
                                                    static_cast<double>(headers[f].rate)
                                              : 0;
    for (const double begin : window_begins(length, options.seconds, hop)) {
      items.push_back({f, begin, headers[f].rate});
    }
  }
  // Windows of a recording are alike: without another domain it is one.
  if (list.domains.empty()) {
    const Numbered numbered = number_names(list.paths);
    list.domains = numbered.numbers;
    info.domain_names = numbered.names;
  }
  info.window = std::max<int64_t>(1, std::llround(options.seconds * info.rate));
  return std::make_shared<SoundWindows>(std::move(list), std::move(info), options.seconds,
                                        std::move(items));
}

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
  if (options.seconds > 0) return windows_of(std::move(list), std::move(info), options);
  if (options.hop > 0) {
    throw UserError("--data.hop {}: it needs --data.seconds, the length of a window", options.hop);
  }
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
