#pragma once
// A data set of encoded image files: what folders, manifests and most published sets come down to.

#include <filesystem>
#include <string>
#include <vector>

#include "likewise/data/dataset.hpp"

namespace likewise::detail {

struct FileList {
  std::filesystem::path root;
  std::vector<std::string> paths;        // relative to root, or absolute
  std::vector<int64_t> labels, domains;  // empty, or one a path
};

enum class Ink { as_it_is, inverted };  // inverted: 255 - value

// Samples are decoded when they are asked for.
DatasetPtr file_images(FileList list, DatasetInfo info, Ink ink = Ink::as_it_is);

// Sorted distinct names and the position of every given name in them. Whole numbers are sorted by
// value, anything else by bytes. Empty names get -1.
struct Numbered {
  std::vector<std::string> names;
  std::vector<int64_t> numbers;
};
Numbered number_names(const std::vector<std::string>& names);

// The UserError of a part that is not there.
[[noreturn]] void unknown_part(const std::string& dataset, const std::string& part,
                               const std::vector<std::string>& parts);

}  // namespace likewise::detail
