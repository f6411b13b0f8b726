// Zip archives of .npy files, by libarchive.

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <set>

#include "likewise/base/error.hpp"
#include "likewise/formats/mapped_file.hpp"
#include "likewise/formats/npy.hpp"

namespace likewise {

namespace {

[[noreturn]] void npz_fail(archive* zip, const std::string& path) {
  const char* reason = archive_error_string(zip);
  throw DataError("{}: broken .npz archive: {}", path, reason ? reason : "unknown error");
}

// The member's bytes; `left` is what may still be decompressed. The sizes in the archive's
// headers are not believed: memory grows with the data that come.
std::vector<uint8_t> npz_member(archive* zip, const std::string& path, int64_t& left) {
  std::vector<uint8_t> bytes;
  for (;;) {
    const void* block = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(zip, &block, &size, &offset);
    if (status == ARCHIVE_EOF) return bytes;
    if (status != ARCHIVE_OK) npz_fail(zip, path);
    if (static_cast<uint64_t>(offset) != bytes.size()) {
      throw DataError("{}: broken .npz archive: a member has a hole", path);
    }
    if (size > static_cast<uint64_t>(left)) {
      throw DataError("{}: the arrays are larger than the limit when decompressed", path);
    }
    left -= static_cast<int64_t>(size);
    const auto* start = static_cast<const uint8_t*>(block);
    bytes.insert(bytes.end(), start, start + size);
  }
}

}  // namespace

std::vector<std::pair<std::string, NpyArray>> read_npz(std::span<const uint8_t> bytes,
                                                       const std::string& name, int64_t max_bytes) {
  const std::unique_ptr<archive, int (*)(archive*)> zip(archive_read_new(), archive_read_free);
  if (!zip) throw std::bad_alloc();
  archive_read_support_format_zip_seekable(zip.get());
  if (archive_read_open_memory(zip.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    npz_fail(zip.get(), name);
  }
  std::vector<std::pair<std::string, NpyArray>> arrays;
  std::set<std::string> seen;
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(zip.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK) npz_fail(zip.get(), name);
    const char* stored = archive_entry_pathname(entry);
    std::string member = stored ? stored : "";
    if (!member.ends_with(".npy") || archive_entry_filetype(entry) != AE_IFREG) {
      throw DataError("{}: the member '{}' is not a .npy file", name, member);
    }
    const auto array = npz_member(zip.get(), name, max_bytes);
    member.resize(member.size() - 4);
    if (!seen.insert(member).second) throw DataError("{}: '{}' is there twice", name, member);
    arrays.emplace_back(member, read_npy(array, name + ", member " + member));
  }
  return arrays;
}

std::vector<std::pair<std::string, NpyArray>> read_npz(const std::filesystem::path& path,
                                                       int64_t max_bytes) {
  const MappedFile file(path);
  return read_npz(file.bytes(), path.string(), max_bytes);
}

}  // namespace likewise
