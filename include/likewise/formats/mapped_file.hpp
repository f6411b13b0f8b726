#pragma once
// A file seen as memory.

#include <cstdint>
#include <filesystem>
#include <span>

namespace likewise {

// Maps a whole file read-only; pages are read when touched. Throws DataError with the path and the
// system's reason. The file must not shrink while it is mapped (the system answers with SIGBUS);
// files replaced by write_file are safe, since the mapping keeps the old one.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  std::span<const uint8_t> bytes_;
};

}  // namespace likewise
