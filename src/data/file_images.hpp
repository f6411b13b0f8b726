#pragma once
// A data set of encoded image files: what folders, manifests and most published sets come down to.

#include <filesystem>
#include <string>
#include <vector>

#include "likewise/data/dataset.hpp"
#include "likewise/data/open.hpp"

namespace likewise::detail {

struct FileList {
  std::filesystem::path root;
  std::vector<std::string> paths;        // relative to root, or absolute
  std::vector<int64_t> labels, domains;  // empty, or one a path
};

enum class Ink { as_it_is, inverted };  // inverted: 255 - value

// The samples of info.modality; labels and domains of the list come first, those that the files
// themselves tell second.
DatasetPtr file_samples(FileList list, DatasetInfo info, const OpenOptions& options);

// One file a sample.
DatasetPtr file_sounds(FileList list, DatasetInfo info, const OpenOptions& options);
DatasetPtr file_arrays(FileList list, DatasetInfo info, const OpenOptions& options);
// Windows of recordings, or of recordings by several devices.
DatasetPtr file_series(FileList list, DatasetInfo info, const OpenOptions& options);

// What most files of a list are.
Modality modality_of_manifest(const std::filesystem::path& file);

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
