#include "likewise/data/with_labels.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "data/file_images.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/csv.hpp"

namespace likewise {

namespace {

class RelabelledDataset final : public Dataset {
 public:
  RelabelledDataset(DatasetPtr inner, std::vector<int64_t> labels,
                    std::vector<std::string> class_names)
      : inner_(std::move(inner)), labels_(std::move(labels)), info_(inner_->info()) {
    info_.class_names = std::move(class_names);
    LIKEWISE_CHECK(static_cast<int64_t>(labels_.size()) == inner_->size(), "{} labels, {} samples",
                   labels_.size(), inner_->size());
    const auto classes = static_cast<int64_t>(info_.class_names.size());
    for (const int64_t label : labels_) {
      LIKEWISE_CHECK(label >= -1 && label < classes, "label {} of {} classes", label, classes);
    }
  }

  int64_t size() const override { return inner_->size(); }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override { return labels_[static_cast<size_t>(i)]; }
  int64_t domain(int64_t i) const override { return inner_->domain(i); }
  std::string name(int64_t i) const override { return inner_->name(i); }
  Sample get(int64_t i) const override { return relabelled(inner_->get(i), i); }
  Sample get_part(int64_t i, const Window& window) const override {
    return relabelled(inner_->get_part(i, window), i);
  }

 private:
  Sample relabelled(Sample sample, int64_t i) const {
    sample.label = label(i);
    return sample;
  }

  DatasetPtr inner_;
  std::vector<int64_t> labels_;
  DatasetInfo info_;
};

size_t column_of(const CsvTable& table, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (table.has_column(name)) return table.column(name);
  }
  throw UserError("{}: there is no column {}, only: {}", table.name, names.front(),
                  join(table.header, ", "));
}

// Which samples have a name, with a hint for names that none has.
class SampleNames {
 public:
  explicit SampleNames(const Dataset& dataset) : dataset_(dataset) {
    for (int64_t i = 0; i < dataset.size(); ++i) positions_[dataset.name(i)].push_back(i);
  }

  const std::vector<int64_t>& find(const std::string& name, const std::string& where) const {
    const auto found = positions_.find(name);
    if (found != positions_.end()) return found->second;
    std::vector<std::string> near;
    if (dataset_.size() <= 20000) {  // comparing with all of them takes too long beyond
      std::vector<std::string> names;
      for (const auto& entry : positions_) names.push_back(entry.first);
      std::sort(names.begin(), names.end());
      near = nearest(name, names);
    }
    if (near.empty() && dataset_.size() > 0) near = {dataset_.name(0)};
    throw UserError("{}: {} has no sample '{}'; its names are like '{}'", where,
                    dataset_.info().name, name, join(near, "' or '"));
  }

 private:
  const Dataset& dataset_;
  std::unordered_map<std::string, std::vector<int64_t>> positions_;
};

}  // namespace

DatasetPtr with_labels(DatasetPtr dataset, std::vector<int64_t> labels,
                       std::vector<std::string> class_names) {
  return std::make_shared<RelabelledDataset>(std::move(dataset), std::move(labels),
                                             std::move(class_names));
}

DatasetPtr with_labels(DatasetPtr dataset, const std::filesystem::path& csv,
                       std::vector<std::string> class_names) {
  const auto table = read_csv_file(csv);
  const size_t name_column = column_of(table, {"path", "file", "filename", "image", "name"});
  const size_t label_column = column_of(table, {"label", "class"});
  if (class_names.empty()) {
    std::vector<std::string> used;
    for (const auto& row : table.rows) used.push_back(trim(row.fields[label_column]));
    class_names = detail::number_names(used).names;
  }
  std::unordered_map<std::string, int64_t> numbers;
  for (const auto& name : class_names) numbers.emplace(name, static_cast<int64_t>(numbers.size()));
  const SampleNames names(*dataset);
  std::vector<int64_t> labels(static_cast<size_t>(dataset->size()), -1);
  for (const auto& row : table.rows) {
    const std::string where = fmt::format("{}:{}", csv.string(), row.line);
    const std::string label = trim(row.fields[label_column]);
    const auto& positions = names.find(trim(row.fields[name_column]), where);
    if (label.empty()) continue;
    const auto number = numbers.find(label);
    if (number == numbers.end()) {
      throw UserError("{}: there is no class '{}'{}", where, label,
                      did_you_mean(label, class_names));
    }
    for (const int64_t i : positions) {
      auto& slot = labels[static_cast<size_t>(i)];
      if (slot >= 0 && slot != number->second) {
        throw UserError("{}: '{}' has two labels, '{}' and '{}'", where, dataset->name(i),
                        class_names[static_cast<size_t>(slot)], label);
      }
      slot = number->second;
    }
  }
  return with_labels(std::move(dataset), std::move(labels), std::move(class_names));
}

}  // namespace likewise
