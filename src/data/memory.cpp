#include "likewise/data/memory.hpp"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "data/npy_floats.hpp"
#include "likewise/base/error.hpp"

namespace likewise {

namespace {

void check_numbers(const std::vector<int64_t>& numbers, int64_t size, const char* what,
                   std::vector<std::string>& names, const std::string& dataset) {
  if (numbers.empty()) return;
  if (static_cast<int64_t>(numbers.size()) != size) {
    throw DataError("{}: {} images but {} {}s", dataset, size, numbers.size(), what);
  }
  const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
  constexpr int64_t kMostUnnamed = 1 << 20;
  if (names.empty() && *most < kMostUnnamed) {
    for (int64_t i = 0; i <= *most; ++i) names.push_back(std::to_string(i));
  }
  if (*least < -1 || *most >= static_cast<int64_t>(names.size())) {
    throw DataError("{}: a {} is {}, but they must be -1 (unknown) or 0 to {}", dataset, what,
                    *least < -1 ? *least : *most, static_cast<int64_t>(names.size()) - 1);
  }
}

class MemoryDataset final : public Dataset {
 public:
  MemoryDataset(const Tensor& images, std::vector<int64_t> labels, std::vector<int64_t> domains,
                DatasetInfo info, const std::string& item)
      : labels_(std::move(labels)),
        domains_(std::move(domains)),
        info_(std::move(info)),
        item_(item) {
    if (info_.name.empty()) info_.name = "memory";
    if (info_.kind.empty()) info_.kind = "memory";
    if (info_.modality != Modality::image) {
      LIKEWISE_CHECK(images.dim() >= 2 && images.scalar_type() == at::kFloat,
                     "samples in memory are float [N, ...]");
      if (info_.modality == Modality::series) info_.window = images.size(2);
    } else if (images.dim() != 4 || images.scalar_type() != at::kByte ||
               (images.size(1) != 1 && images.size(1) != 3)) {
      throw DataError("{}: images must be uint8 [N, 1 or 3, H, W]", info_.name);
    }
    images_ = images.contiguous();
    check_numbers(labels_, size(), "label", info_.class_names, info_.name);
    check_numbers(domains_, size(), "domain", info_.domain_names, info_.name);
  }

  int64_t size() const override { return images_.size(0); }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override {
    return labels_.empty() ? -1 : labels_[static_cast<size_t>(i)];
  }
  int64_t domain(int64_t i) const override {
    return domains_.empty() ? -1 : domains_[static_cast<size_t>(i)];
  }
  std::string name(int64_t i) const override { return fmt::format("{}[{}]", item_, i); }

  Sample get(int64_t i) const override {
    LIKEWISE_CHECK(i >= 0 && i < size(), "sample {} of {}", i, size());
    Tensor image = at::empty(images_.sizes().slice(1), images_.scalar_type());
    const auto bytes = static_cast<int64_t>(image.nbytes());
    std::memcpy(image.data_ptr(), static_cast<const char*>(images_.data_ptr()) + i * bytes,
                static_cast<size_t>(bytes));
    if (info_.modality != Modality::image) detail::check_finite(image, name(i));
    return {{std::move(image)}, label(i), domain(i), i};
  }

 private:
  Tensor images_;  // [N, C, H, W] or [N, ...]
  std::vector<int64_t> labels_, domains_;
  DatasetInfo info_;
  std::string item_;
};

}  // namespace

DatasetPtr memory_dataset(const Tensor& images, std::vector<int64_t> labels,
                          std::vector<int64_t> domains, DatasetInfo info, const std::string& item) {
  return std::make_shared<MemoryDataset>(images, std::move(labels), std::move(domains),
                                         std::move(info), item);
}

}  // namespace likewise
