#include "likewise/data/subset.hpp"

#include "data/stamped.hpp"
#include "likewise/base/error.hpp"

namespace likewise {

namespace {

class SubsetDataset final : public Dataset, public detail::Stamped {
 public:
  SubsetDataset(DatasetPtr whole, std::vector<int64_t> indices)
      : whole_(std::move(whole)), indices_(std::move(indices)) {
    for (const int64_t i : indices_) {
      LIKEWISE_CHECK(i >= 0 && i < whole_->size(), "index {} of {} samples", i, whole_->size());
    }
  }

  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  const DatasetInfo& info() const override { return whole_->info(); }
  int64_t label(int64_t i) const override { return whole_->label(at(i)); }
  int64_t domain(int64_t i) const override { return whole_->domain(at(i)); }
  std::string name(int64_t i) const override { return whole_->name(at(i)); }
  uint64_t stamp(int64_t i) const override { return detail::stamp_of(*whole_, at(i)); }
  Sample get(int64_t i) const override { return renumbered(whole_->get(at(i)), i); }
  Sample get_part(int64_t i, const Window& window) const override {
    return renumbered(whole_->get_part(at(i), window), i);
  }

 private:
  int64_t at(int64_t i) const { return indices_[static_cast<size_t>(i)]; }

  static Sample renumbered(Sample sample, int64_t i) {
    sample.index = i;
    return sample;
  }

  DatasetPtr whole_;
  std::vector<int64_t> indices_;
};

}  // namespace

DatasetPtr subset(DatasetPtr whole, std::vector<int64_t> indices) {
  return std::make_shared<SubsetDataset>(std::move(whole), std::move(indices));
}

}  // namespace likewise
