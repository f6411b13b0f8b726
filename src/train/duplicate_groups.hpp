#pragma once
// Near-duplicates of a data set, seen in what the encoder gets.

#include "likewise/views/input.hpp"

namespace likewise {

// The group of every sample, int64 [samples]: samples whose grey thumbnails of 16 x 16, less their
// mean, have a cosine above `threshold`, linked; -1 for a sample alone and for a broken one. Of
// other samples than images the evaluation view, averaged to 256 values, takes the thumbnails'
// place.
Tensor duplicate_groups(const Dataset& data, double threshold, const InputSpec& spec);

}  // namespace likewise
