#include "likewise/data/class_batches.hpp"

#include <algorithm>
#include <map>

#include "likewise/base/error.hpp"

namespace likewise {

ClassBatches::ClassBatches(const Dataset& dataset, int64_t batch, int64_t per_class,
                           double labelled)
    : samples_(dataset.size()), batch_(batch), per_class_(per_class) {
  std::map<int64_t, std::vector<int64_t>> by_label;
  for (int64_t i = 0; i < samples_; ++i) {
    if (dataset.label(i) >= 0) by_label[dataset.label(i)].push_back(i);
  }
  for (auto& [label, samples] : by_label) {
    if (static_cast<int64_t>(samples.size()) >= per_class) classes_.push_back(std::move(samples));
  }
  if (classes_.size() < 2) {
    throw UserError("--per_class {}: {} has {} with so many labelled samples; two are needed",
                    per_class, dataset.info().name,
                    classes_.empty() ? "no class" : "a single class");
  }
  const auto wanted =
      static_cast<int64_t>(static_cast<double>(batch) * labelled / static_cast<double>(per_class));
  if (wanted < 2) {
    throw UserError("--per_class {}: a batch of {} then holds fewer than two classes", per_class,
                    batch);
  }
  classes_a_batch_ = std::min(wanted, static_cast<int64_t>(classes_.size()));
}

std::vector<int64_t> ClassBatches::draw(Rng rng) const {
  std::vector<int64_t> out;
  for (const int64_t c : rng.choose(static_cast<int64_t>(classes_.size()), classes_a_batch_)) {
    const auto& samples = classes_[static_cast<size_t>(c)];
    for (const int64_t k : rng.choose(static_cast<int64_t>(samples.size()), per_class_)) {
      out.push_back(samples[static_cast<size_t>(k)]);
    }
  }
  while (static_cast<int64_t>(out.size()) < batch_) out.push_back(rng.below(samples_));
  return out;
}

}  // namespace likewise
