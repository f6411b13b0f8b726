#pragma once
// Batches with several samples of each class, for methods that compare within classes.

#include <cstdint>
#include <vector>

#include "likewise/base/random.hpp"
#include "likewise/data/dataset.hpp"

namespace likewise {

// A batch holds batch * labelled / per_class classes drawn without replacement from those that have
// `per_class` samples, and as many distinct samples of each, class by class; the rest of the batch
// is drawn from all samples. Where there are fewer classes, all of them, and more of the rest.
class ClassBatches {
 public:
  // Throws UserError when fewer than two classes have that many samples, or a batch holds fewer than
  // two classes.
  ClassBatches(const Dataset& dataset, int64_t batch, int64_t per_class, double labelled);

  // Positions in the data set, a function of the stream alone.
  std::vector<int64_t> draw(Rng rng) const;

 private:
  std::vector<std::vector<int64_t>> classes_;  // samples of each class that has enough
  int64_t samples_, batch_, per_class_, classes_a_batch_;
};

}  // namespace likewise
