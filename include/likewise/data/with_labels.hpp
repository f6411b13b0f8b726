#pragma once
// Labels from a file, for data that came without, or with others.

#include <filesystem>
#include <string>
#include <vector>

#include "likewise/data/dataset.hpp"

namespace likewise {

// The same samples with the labels of a .csv or .tsv that has the columns path (or file, filename,
// image, name: what Dataset::name gives) and label (or class). Samples that it does not name, or
// with an empty label, become unlabelled. Classes are `class_names` if given, else the labels that
// occur, sorted (whole numbers by value). Throws UserError, with the line: a name that the data set
// does not have, a label that is not in class_names, one sample with two labels.
DatasetPtr with_labels(DatasetPtr dataset, const std::filesystem::path& csv,
                       std::vector<std::string> class_names = {});

// The same with given labels, -1 or a position in class_names, one a sample.
DatasetPtr with_labels(DatasetPtr dataset, std::vector<int64_t> labels,
                       std::vector<std::string> class_names);

}  // namespace likewise
