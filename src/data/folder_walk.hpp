#pragma once
// Finds the images below a folder, and remembers them.

#include <filesystem>
#include <string>
#include <vector>

#include "likewise/data/dataset.hpp"

namespace likewise::detail {

// Paths of images below `root`, relative to it with '/' between parts. Entries of a folder are
// sorted by name (bytes), sub-folders and files together, so the order is that of the tree. Left
// out: names that begin with '.', "__MACOSX", names without an image's extension, links that lead
// nowhere or back into a folder that they lie in. Links to other files and folders are followed.
//
// The result is kept in cache_folder()/index-KEY.bin with the modification time of every folder
// visited. It is used again while all those times are the same: an added, removed or renamed file
// changes its folder's time. Folders changed within the last two seconds are not trusted to show
// the next change, so then nothing is kept. Throws UserError when root is no folder or cannot be
// listed.
struct FolderImages {
  std::vector<std::string> paths;
  bool from_cache = false;
  int64_t other_files = 0;                    // files that are no images
  std::vector<std::string> other_extensions;  // their most frequent endings, at most 3
};
FolderImages find_images(const std::filesystem::path& root);

// The same for the files of any modality.
FolderImages find_files(const std::filesystem::path& root, Modality modality);

// Whether a name is that of a file of the modality: .jpg .png .webp; .wav .flac .ogg .mp3 ...; .csv
// .tsv .npy; .npy.
bool has_extension_of(const std::filesystem::path& path, Modality modality);

// What a person would call the endings that a modality accepts: ".jpg, .jpeg, .png and .webp".
const char* extensions_of(Modality modality);

// The modality of most files below a folder (at most some thousand are looked at, in the order of
// names). Images win over sounds, sounds over arrays when there are as many; tables, which often
// lie beside what they describe, when there are more than ten times as many as of anything else.
Modality modality_of_folder(const std::filesystem::path& root);

}  // namespace likewise::detail
