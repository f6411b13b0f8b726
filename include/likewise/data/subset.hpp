#pragma once
// Some samples of a data set, and several data sets as one.

#include <cstdint>
#include <vector>

#include "likewise/data/dataset.hpp"

namespace likewise {

// Sample i is sample indices[i] of `whole` (repetitions are allowed). Class and domain names stay
// those of the whole, so labels keep their numbers. Throws LIKEWISE_CHECK's error for an index out
// of range.
DatasetPtr subset(DatasetPtr whole, std::vector<int64_t> indices);

// The samples of the first, then of the second, ... Classes and domains are matched by name: a name
// that occurs in several data sets is one class; new names are appended in the order of appearance.
// Throws UserError for an empty list.
DatasetPtr concatenate(std::vector<DatasetPtr> parts);

}  // namespace likewise
