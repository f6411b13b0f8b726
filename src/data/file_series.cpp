// Recordings of sensors, a file each or a file a device: read when the data set is opened, cut into
// windows.
//
// Class: that of the list or class folder; a column of classes in the files wins over a class
// folder, which then is the domain. Domain: that of the list; else the first folder of the path
// (the subject), else the recording, so that windows that overlap never lie on both sides of a
// split by domain.
#include <ATen/ops/cat.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "data/file_images.hpp"
#include "data/kinds.hpp"
#include "data/npy_floats.hpp"
#include "data/series_windows.hpp"
#include "data/threads.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> out;
  for (const auto& name : split(list, ',')) {
    if (!trim(name).empty()) out.push_back(trim(name));
  }
  return out;
}

// A recording with its files: one, or one a device.
struct Recording {
  std::string name;  // of the first file
  size_t first = 0;  // its place in the list
  std::vector<std::string> files;
  std::vector<SeriesTable> tables;
  std::string trouble;  // why it is left out; empty: it is not
};

SeriesTable read_array(const fs::path& path, bool time_first) {
  const NpyArray array = read_npy_file(path);
  if (array.shape.size() != 2 && array.shape.size() != 1) {
    throw DataError("{}: a series is [channels, time], found [{}]", path.string(),
                    fmt::join(array.shape, ", "));
  }
  Tensor x = npy_floats(array, path.string());
  if (x.dim() == 1)
    x = x.unsqueeze(0);
  else if (time_first)
    x = x.t();
  x = x.contiguous();
  SeriesTable table;
  for (int64_t c = 0; c < x.size(0); ++c) {
    const float* row = x.data_ptr<float>() + c * x.size(1);
    table.channels.push_back(std::to_string(c));
    table.values.emplace_back(row, row + x.size(1));
    for (float& value : table.values.back()) {
      if (std::isinf(value)) value = NAN;
    }
  }
  if (table.rows() == 0) throw DataError("{}: the recording has no frames", path.string());
  return table;
}

SeriesTable read_recording(const fs::path& path, const OpenOptions& options) {
  if (lower(path.extension().string()) == ".npy") {
    return read_array(path, options.time_axis == "first");
  }
  return read_series_file(path, {names_in(options.columns), options.time, options.label});
}

// Files that differ only in the device's name belong together, in the order of the devices.
std::vector<Recording> recordings_of(const FileList& list,
                                     const std::vector<std::string>& devices) {
  std::vector<Recording> out;
  if (devices.empty()) {
    for (size_t i = 0; i < list.paths.size(); ++i)
      out.push_back({list.paths[i], i, {list.paths[i]}, {}, ""});
    return out;
  }
  std::map<std::string, std::pair<size_t, std::vector<std::string>>> groups;
  for (size_t i = 0; i < list.paths.size(); ++i) {
    const fs::path path = list.paths[i];
    const std::string stem = (path.parent_path() / path.stem()).string();
    for (size_t d = 0; d < devices.size(); ++d) {
      if (!stem.ends_with(devices[d])) continue;
      auto& group = groups[stem.substr(0, stem.size() - devices[d].size())];
      if (group.second.empty()) group = {i, std::vector<std::string>(devices.size())};
      group.second[d] = list.paths[i];
      break;
    }
  }
  if (groups.empty()) {
    throw UserError("--data.devices: no file's name ends in {}; the first is {}",
                    join(devices, " or "), list.paths.front());
  }
  for (auto& [stem, group] : groups) {
    Recording recording{stem, group.first, group.second, {}, ""};
    for (size_t d = 0; d < devices.size(); ++d) {
      if (group.second[d].empty()) {
        recording.trouble = fmt::format("{}: there is no file of device {}", stem, devices[d]);
      }
    }
    out.push_back(std::move(recording));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return out;
}

// Channels that most recordings have; the others are left out.
std::vector<std::string> usual_channels(std::vector<Recording>& recordings) {
  std::map<std::vector<std::string>, int64_t> counts;
  const auto channels_of = [](const Recording& recording) {
    std::vector<std::string> out;
    for (const auto& table : recording.tables) {
      out.insert(out.end(), table.channels.begin(), table.channels.end());
    }
    return out;
  };
  for (const auto& recording : recordings) {
    if (recording.trouble.empty()) ++counts[channels_of(recording)];
  }
  if (counts.empty()) return {};
  const auto usual =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
        return a.second < b.second;
      })->first;
  for (auto& recording : recordings) {
    const auto found = channels_of(recording);
    if (!recording.trouble.empty() || found == usual) continue;
    recording.trouble = fmt::format("{}: its columns are {}, but most recordings have {}",
                                    recording.name, join(found, ", "), join(usual, ", "));
  }
  return usual;
}

// The median over recordings, so that one odd file decides nothing.
double usual_rate(const std::vector<Recording>& recordings) {
  std::vector<double> rates;
  for (const auto& recording : recordings) {
    if (!recording.trouble.empty()) continue;
    const double rate = rate_of(recording.tables[0]);
    if (rate > 0) rates.push_back(rate);
  }
  if (rates.empty()) return 0;
  std::sort(rates.begin(), rates.end());
  return rates[rates.size() / 2];
}

class SeriesWindows final : public Dataset {
 public:
  struct Item {
    std::vector<Tensor> parts;  // whole stretches [C, T], shared by their windows
    std::string name;
    int64_t start = 0, row = 0;  // within the stretch; row of the file where that begins
    int64_t label = -1, domain = -1;
  };
  SeriesWindows(std::vector<Item> items, DatasetInfo info)
      : items_(std::move(items)), info_(std::move(info)) {}

  int64_t size() const override { return static_cast<int64_t>(items_.size()); }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override { return item(i).label; }
  int64_t domain(int64_t i) const override { return item(i).domain; }
  std::string name(int64_t i) const override {
    return fmt::format("{}[{}]", item(i).name, item(i).row + item(i).start);
  }
  Sample get(int64_t i) const override {
    LIKEWISE_CHECK(i >= 0 && i < size(), "sample {} of {}", i, size());
    Sample sample{{}, label(i), domain(i), i};
    for (const Tensor& part : item(i).parts) {
      sample.parts.push_back(part.narrow(1, item(i).start, info_.window).clone());
    }
    return sample;
  }

 private:
  const Item& item(int64_t i) const { return items_[static_cast<size_t>(i)]; }
  std::vector<Item> items_;
  DatasetInfo info_;
};

// What a recording gives: stretches, each with one part or one a device.
struct Cut {
  std::vector<std::vector<Tensor>> parts;
  std::vector<Stretch> first;  // labels of each
};

Cut cut(const Recording& recording, double rate, bool pairs) {
  Cut out;
  if (recording.tables.size() == 1) {
    for (Stretch& stretch : stretches(recording.tables[0], rate, recording.name)) {
      out.parts.push_back({stretch.x});
      out.first.push_back(std::move(stretch));
    }
    return out;
  }
  std::vector<Stretch> devices = aligned(recording.tables, rate, recording.name);
  std::vector<Tensor> parts;
  for (const Stretch& device : devices) parts.push_back(device.x);
  if (!pairs) parts = {at::cat(parts, 0)};
  out.parts.push_back(std::move(parts));
  out.first.push_back(std::move(devices[0]));
  return out;
}

std::string first_folder(const std::string& path) {
  const size_t slash = path.find('/');
  return slash == std::string::npos ? path : path.substr(0, slash);
}

}  // namespace

DatasetPtr file_series(FileList list, DatasetInfo info, const OpenOptions& options) {
  const auto devices = names_in(options.devices);
  auto recordings = recordings_of(list, devices);
  for_each_in_parallel(static_cast<int64_t>(recordings.size()), [&](int64_t, int64_t i) {
    Recording& recording = recordings[static_cast<size_t>(i)];
    if (!recording.trouble.empty()) return;
    try {
      for (const auto& file : recording.files) {
        recording.tables.push_back(read_recording(list.root / file, options));
      }
    } catch (const DataError& error) {
      recording.trouble = error.what();
    }
  });
  const bool pairs = devices.size() > 1 && options.devices_as == "pairs";
  info.channel_names = usual_channels(recordings);
  if (pairs) info.channel_names.resize(info.channel_names.size() / devices.size());
  info.rate = options.rate > 0 ? options.rate : usual_rate(recordings);

  std::vector<Cut> cuts(recordings.size());
  std::vector<int64_t> longest;
  for (size_t r = 0; r < recordings.size(); ++r) {
    if (!recordings[r].trouble.empty()) continue;
    try {
      cuts[r] = cut(recordings[r], info.rate, pairs);
    } catch (const DataError& error) {
      recordings[r].trouble = error.what();
      continue;
    }
    if (recordings[r].tables[0].time.empty() && options.rate <= 0 && info.rate > 0) {
      recordings[r].trouble =
          fmt::format("{}: it has no time stamps, but others have", recordings[r].name);
      continue;
    }
    int64_t most = 0;
    for (const auto& stretch : cuts[r].first) most = std::max(most, stretch.x.size(1));
    longest.push_back(most);
  }
  if (longest.empty()) {
    throw DataError("{}: none of {} recordings could be read; the first: {}", info.name,
                    recordings.size(), recordings[0].trouble);
  }
  std::sort(longest.begin(), longest.end());
  constexpr int64_t kUsualWindow = 256;
  info.window =
      options.window > 0 ? options.window : std::min(kUsualWindow, longest[longest.size() / 2]);

  const bool has_column = std::any_of(recordings.begin(), recordings.end(), [](const Recording& r) {
    return r.trouble.empty() && !r.tables[0].labels.empty();
  });
  const bool by_list = !list.labels.empty() && (info.kind == "manifest" || !has_column);
  std::vector<SeriesWindows::Item> items;
  std::vector<std::string> labels, domains;
  for (size_t r = 0; r < recordings.size(); ++r) {
    const Recording& recording = recordings[r];
    if (!recording.trouble.empty()) {
      info.skipped.push_back(recording.trouble);
      continue;
    }
    size_t made = 0;
    for (size_t k = 0; k < cuts[r].first.size(); ++k) {
      const Stretch& stretch = cuts[r].first[k];
      for (const int64_t start : window_starts(stretch.x.size(1), info.window, options.overlap)) {
        items.push_back({cuts[r].parts[k], recording.name, start, stretch.first_row, -1, -1});
        if (by_list) items.back().label = list.labels[recording.first];
        if (!list.domains.empty()) items.back().domain = list.domains[recording.first];
        labels.push_back(usual_label(stretch, start, info.window));
        domains.push_back(first_folder(recording.name));
        ++made;
      }
    }
    if (made == 0) {
      info.skipped.push_back(
          fmt::format("{}: it is shorter than a window of {} frames", recording.name, info.window));
    }
  }
  if (items.empty()) {
    throw DataError(
        "{}: no recording is as long as a window of {} frames; --data.window makes it "
        "shorter",
        info.name, info.window);
  }
  if (!by_list) {
    const Numbered numbered = number_names(labels);
    info.class_names = numbered.names;
    for (size_t i = 0; i < items.size(); ++i) items[i].label = numbered.numbers[i];
  }
  if (list.domains.empty()) {
    const Numbered numbered = number_names(domains);
    info.domain_names = numbered.names;
    for (size_t i = 0; i < items.size(); ++i) items[i].domain = numbered.numbers[i];
  }
  return std::make_shared<SeriesWindows>(std::move(items), std::move(info));
}

bool is_series_file(const OpenRequest& request) {
  const std::string extension = lower(request.path.extension().string());
  std::error_code ignored;
  if ((extension != ".csv" && extension != ".tsv") || !fs::is_regular_file(request.path, ignored)) {
    return false;
  }
  const std::string& asked = request.options.modality;
  if (asked != "auto" && asked != "series") return false;
  constexpr size_t kLook = 1 << 16;
  std::string head(kLook, '\0');
  std::ifstream file(request.path, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(file.gcount()));
  std::string first = lower(head.substr(0, head.find('\n')));
  std::replace_if(
      first.begin(), first.end(),
      [](char c) { return c == ';' || c == '\t' || c == '"' || c == '\r'; }, ',');
  for (const auto& column : split(first, ',')) {
    for (const char* of_list : {"path", "file", "filename", "image", "name"}) {
      if (trim(column) == of_list) return false;
    }
  }
  return asked == "series" || looks_like_series(head);
}

DatasetPtr open_series_file(const OpenRequest& request) {
  if (!request.part.empty()) unknown_part(request.name, request.part, {});
  DatasetInfo info;
  info.name = request.name;
  info.kind = "series";
  info.modality = Modality::series;
  return file_series({request.path.parent_path(), {request.path.filename().string()}, {}, {}},
                     std::move(info), request.options);
}

}  // namespace likewise::detail
