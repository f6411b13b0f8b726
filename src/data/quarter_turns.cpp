#include "likewise/data/quarter_turns.hpp"

#include <ATen/ops/rot90.h>

#include "likewise/base/text.hpp"

namespace likewise {
namespace {

class QuarterTurns : public Dataset {
 public:
  explicit QuarterTurns(DatasetPtr base) : base_(std::move(base)), info_(base_->info()) {
    info_.name += " in four turns";
    const auto names = base_->info().class_names;
    classes_ = static_cast<int64_t>(names.size());
    for (int t = 1; t < 4; ++t) {
      for (const auto& name : names) info_.class_names.push_back(name + "@" + std::to_string(90 * t));
    }
  }

  int64_t size() const override { return 4 * base_->size(); }
  Sample get(int64_t i) const override {
    Sample sample = base_->get(i % base_->size());
    sample.parts[0] = at::rot90(sample.parts[0], turn(i), {1, 2}).contiguous();
    sample.label = label(i);
    sample.index = i;
    return sample;
  }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override {
    const int64_t label = base_->label(i % base_->size());
    return label < 0 ? label : label + turn(i) * classes_;
  }
  int64_t domain(int64_t i) const override { return base_->domain(i % base_->size()); }
  std::string name(int64_t i) const override {
    const std::string name = base_->name(i % base_->size());
    return turn(i) == 0 ? name : name + "@" + std::to_string(90 * turn(i));
  }

 private:
  int64_t turn(int64_t i) const { return i / base_->size(); }

  DatasetPtr base_;
  DatasetInfo info_;
  int64_t classes_ = 0;
};

}  // namespace

DatasetPtr with_quarter_turns(DatasetPtr dataset) {
  return std::make_shared<QuarterTurns>(std::move(dataset));
}

}  // namespace likewise
