#pragma once
// Near-duplicates of a data set, seen in the pixels.

#include "likewise/data/dataset.hpp"

namespace likewise {

// The group of every sample, int64 [samples]: samples whose grey thumbnails of 16 x 16, less their
// mean, have a cosine above `threshold`, linked; -1 for a sample alone and for a broken one.
Tensor duplicate_groups(const Dataset& data, double threshold);

}  // namespace likewise
