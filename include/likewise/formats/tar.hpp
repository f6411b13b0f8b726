#pragma once
// Tar archives as shards of a data set: an index of where the members lie, so that samples can be
// read in any order and by any thread.
// Source: POSIX.1-2001 pax interchange format (ustar), GNU tar's long names and large sizes.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace likewise {

// A regular file of the archive: bytes [offset, offset + size) of the tar file.
struct TarEntry {
  std::string name;
  int64_t offset = 0, size = 0;
};

// The regular files of an uncompressed archive, in its order. Folders are passed over. Throws
// DataError with the path and the position: compressed, wrong checksum, truncated (an archive ends
// with a block of zeros), links, devices or sparse files.
std::vector<TarEntry> index_tar(const std::filesystem::path& path);
std::vector<TarEntry> index_tar(std::span<const uint8_t> bytes, const std::string& name);

// WebDataset's convention: the name up to the first dot of its last component is the sample's key,
// the rest its extension in lower case. "a.b/cat.0.JPG" -> ("a.b/cat", "0.jpg"). Names without a
// dot, or starting with it, have no extension.
std::pair<std::string, std::string> tar_key(std::string_view name);

// An indexed archive that is open for reading. read() may be called by several threads.
class TarFile {
 public:
  explicit TarFile(const std::filesystem::path& path);
  ~TarFile();
  TarFile(const TarFile&) = delete;
  TarFile& operator=(const TarFile&) = delete;

  const std::vector<TarEntry>& entries() const { return entries_; }
  const std::string& path() const { return path_; }

  // Throws DataError when the file has become shorter or cannot be read.
  std::vector<uint8_t> read(const TarEntry& entry) const;

 private:
  std::string path_;
  std::vector<TarEntry> entries_;
  int file_ = -1;
};

}  // namespace likewise
