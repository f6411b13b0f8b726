#include <algorithm>
#include <unordered_map>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/subset.hpp"

namespace likewise {

namespace {

// Old number -> number in the union.
std::vector<int64_t> merge_names(const std::vector<std::string>& names,
                                 std::vector<std::string>& all,
                                 std::unordered_map<std::string, int64_t>& known) {
  std::vector<int64_t> numbers;
  for (const auto& name : names) {
    const auto [entry, is_new] = known.try_emplace(name, static_cast<int64_t>(all.size()));
    if (is_new) all.push_back(name);
    numbers.push_back(entry->second);
  }
  return numbers;
}

class ConcatenatedDataset final : public Dataset {
 public:
  explicit ConcatenatedDataset(std::vector<DatasetPtr> parts) : parts_(std::move(parts)) {
    std::unordered_map<std::string, int64_t> classes, domains;
    std::vector<std::string> names;
    for (const auto& part : parts_) {
      starts_.push_back(size_);
      size_ += part->size();
      names.push_back(part->info().name);
      labels_.push_back(merge_names(part->info().class_names, info_.class_names, classes));
      domains_.push_back(merge_names(part->info().domain_names, info_.domain_names, domains));
    }
    info_.name = join(names, " + ");
    info_.kind = "concatenation";
    info_.modality = parts_.front()->info().modality;
  }

  int64_t size() const override { return size_; }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override {
    const Place at = place(i);
    return renumbered(labels_[at.part], parts_[at.part]->label(at.index));
  }
  int64_t domain(int64_t i) const override {
    const Place at = place(i);
    return renumbered(domains_[at.part], parts_[at.part]->domain(at.index));
  }
  std::string name(int64_t i) const override {
    const Place at = place(i);
    return parts_[at.part]->name(at.index);
  }
  Sample get(int64_t i) const override {
    const Place at = place(i);
    return renumbered(parts_[at.part]->get(at.index), at, i);
  }
  Sample get_part(int64_t i, const Window& window) const override {
    const Place at = place(i);
    return renumbered(parts_[at.part]->get_part(at.index, window), at, i);
  }

 private:
  struct Place {
    size_t part;
    int64_t index;
  };
  Place place(int64_t i) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), i);
    const auto part = static_cast<size_t>(after - starts_.begin() - 1);
    return {part, i - starts_[part]};
  }
  static int64_t renumbered(const std::vector<int64_t>& numbers, int64_t old) {
    return old < 0 ? -1 : numbers[static_cast<size_t>(old)];
  }

  Sample renumbered(Sample sample, const Place& at, int64_t i) const {
    sample.label = renumbered(labels_[at.part], sample.label);
    sample.domain = renumbered(domains_[at.part], sample.domain);
    sample.index = i;
    return sample;
  }

  std::vector<DatasetPtr> parts_;
  std::vector<int64_t> starts_;  // first position of every part
  int64_t size_ = 0;
  std::vector<std::vector<int64_t>> labels_, domains_;
  DatasetInfo info_;
};

}  // namespace

DatasetPtr concatenate(std::vector<DatasetPtr> parts) {
  if (parts.empty()) throw UserError("no data sets to join");
  return std::make_shared<ConcatenatedDataset>(std::move(parts));
}

}  // namespace likewise
