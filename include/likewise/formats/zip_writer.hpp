#pragma once
// Zip archives with members that are stored as they are, not compressed.
// Source: PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace likewise {

struct ZipMember {
  std::string name;  // with / between folders
  std::span<const uint8_t> bytes;
};

// Writes the members in turn, whole or not at all; the contents of each begin at a multiple of 64
// bytes, so that they can be mapped. Times are zero: equal contents give equal bytes. Throws
// UserError for a repeated name, or 4 GiB and more (that would be another format, zip64).
void write_stored_zip(const std::filesystem::path& path, const std::vector<ZipMember>& members);

}  // namespace likewise
