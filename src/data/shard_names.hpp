#pragma once
// Which tar files a path stands for.

#include <filesystem>
#include <string>
#include <vector>

namespace likewise::detail {

// "a.tar": itself; a folder: its .tar files, sorted; "a-{000..012}.tar": the range (as wide as its
// ends are written), also several ranges. Empty when the path is nothing of these. Throws UserError
// when a file of a range is missing or the range is malformed.
std::vector<std::filesystem::path> find_shards(const std::filesystem::path& path);

// "data/train-00012.tar" -> "train".
std::string shard_part(const std::filesystem::path& shard);

}  // namespace likewise::detail
