#include "data/file_images.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "data/stamped.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/image_tensor.hpp"

namespace likewise::detail {

namespace {

class FileImages final : public Dataset, public Stamped {
 public:
  FileImages(FileList list, DatasetInfo info, Ink ink)
      : list_(std::move(list)), info_(std::move(info)), ink_(ink) {
    LIKEWISE_CHECK(list_.labels.empty() || list_.labels.size() == list_.paths.size(),
                   "{} labels, {} paths", list_.labels.size(), list_.paths.size());
    LIKEWISE_CHECK(list_.domains.empty() || list_.domains.size() == list_.paths.size(),
                   "{} domains, {} paths", list_.domains.size(), list_.paths.size());
  }

  int64_t size() const override { return static_cast<int64_t>(list_.paths.size()); }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override { return number(list_.labels, i); }
  int64_t domain(int64_t i) const override { return number(list_.domains, i); }
  std::string name(int64_t i) const override { return list_.paths[static_cast<size_t>(i)]; }

  Sample get(int64_t i) const override { return get_part(i, {}); }
  uint64_t stamp(int64_t i) const override {
    const uint64_t file = file_stamp(list_.root / list_.paths[static_cast<size_t>(i)]);
    return file == 0 || ink_ == Ink::as_it_is ? file : mix64(file) | 1;
  }

  Sample get_part(int64_t i, const Window& window) const override {
    LIKEWISE_CHECK(i >= 0 && i < size(), "sample {} of {}", i, size());
    const auto path = list_.root / list_.paths[static_cast<size_t>(i)];
    Tensor image = decode_tensor(read_bytes(path), path.string(), window);
    if (ink_ == Ink::inverted) {
      uint8_t* pixels = image.data_ptr<uint8_t>();
      std::transform(pixels, pixels + image.numel(), pixels,
                     [](uint8_t pixel) { return static_cast<uint8_t>(255 - pixel); });
    }
    return {{std::move(image)}, label(i), domain(i), i};
  }

 private:
  static int64_t number(const std::vector<int64_t>& numbers, int64_t i) {
    return numbers.empty() ? -1 : numbers[static_cast<size_t>(i)];
  }

  FileList list_;
  DatasetInfo info_;
  Ink ink_;
};

bool as_whole_number(const std::string& text, int64_t& value) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc() && end == text.data() + text.size();
}

}  // namespace

DatasetPtr file_images(FileList list, DatasetInfo info, Ink ink) {
  return std::make_shared<FileImages>(std::move(list), std::move(info), ink);
}

Numbered number_names(const std::vector<std::string>& names) {
  Numbered result;
  std::unordered_map<std::string, int64_t> positions;
  for (const auto& name : names) {
    if (!name.empty() && positions.emplace(name, 0).second) result.names.push_back(name);
  }
  int64_t value = 0;
  const bool numeric = std::all_of(result.names.begin(), result.names.end(),
                                   [&](const auto& name) { return as_whole_number(name, value); });
  std::sort(result.names.begin(), result.names.end(), [&](const auto& a, const auto& b) {
    int64_t x = 0, y = 0;
    if (numeric && as_whole_number(a, x) && as_whole_number(b, y) && x != y) return x < y;
    return a < b;
  });
  for (size_t i = 0; i < result.names.size(); ++i) {
    positions[result.names[i]] = static_cast<int64_t>(i);
  }
  for (const auto& name : names) {
    result.numbers.push_back(name.empty() ? -1 : positions.at(name));
  }
  return result;
}

void unknown_part(const std::string& dataset, const std::string& part,
                  const std::vector<std::string>& parts) {
  if (parts.empty()) {
    throw UserError("{} has no part '{}': it has no parts, leave '#{}' away", dataset, part, part);
  }
  throw UserError("{} has no part '{}'{}", dataset, part, did_you_mean(part, parts));
}

}  // namespace likewise::detail
