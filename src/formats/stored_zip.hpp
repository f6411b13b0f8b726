#pragma once
// Zip archives whose members are stored, not compressed: what torch.save writes. Members are views
// of the archive's bytes.
//
// Source: PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3 (Zip64).

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace likewise::detail {

struct ZipMember {
  std::span<const uint8_t> bytes;
  uint32_t crc = 0;               // 0: not computed
  const char* packing = nullptr;  // "compressed" or "encrypted": not to be read
};

// By name. Throws DataError for a broken directory, a member outside the file, twice the same name
// or more than a million members.
std::map<std::string, ZipMember> read_stored_zip(std::span<const uint8_t> archive,
                                                 const std::string& name);

// Throws DataError when the member is compressed or encrypted.
void check_stored(const ZipMember& member, const std::string& what);

// Throws DataError when the member's bytes do not have its checksum.
void check_crc(const ZipMember& member, const std::string& what);

}  // namespace likewise::detail
