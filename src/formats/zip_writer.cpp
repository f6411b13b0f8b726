#include "likewise/formats/zip_writer.hpp"

#include <zlib.h>

#include <set>

#include "formats/endian.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"

namespace likewise {

namespace {

using Bytes = std::vector<uint8_t>;
using detail::append_little;

constexpr uint64_t kMostZipBytes = 0xffffffff;
constexpr uint64_t kZipAlignment = 64;
constexpr uint64_t kLocalHeader = 30;  // bytes, without name and extra field
constexpr uint16_t kZipVersion = 20;   // of the format that a reader needs: 2.0
constexpr uint16_t kUtf8Names = 1 << 11;
constexpr uint16_t kFirstDay = 1 << 5 | 1;  // 1980-01-01, the earliest there is

struct ZipEntry {
  const ZipMember* member;
  uint32_t crc;
  uint64_t offset;  // of the local header
};

uint32_t zip_checksum(std::span<const uint8_t> bytes) {
  return static_cast<uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

// The fields that local header and zip_directory share, from the needed version to the name's
// length.
void append_shared_fields(Bytes& out, const ZipEntry& entry) {
  append_little(out, kZipVersion);
  append_little(out, kUtf8Names);
  append_little(out, uint16_t{0});  // stored
  append_little(out, uint16_t{0});  // midnight
  append_little(out, kFirstDay);
  append_little(out, entry.crc);
  const auto size = static_cast<uint32_t>(entry.member->bytes.size());
  append_little(out, size);  // compressed
  append_little(out, size);
  append_little(out, static_cast<uint16_t>(entry.member->name.size()));
}

// With an extra field of zeros (its kind is the one that PyTorch pads with) up to the alignment.
Bytes zip_local_header(const ZipEntry& entry) {
  constexpr uint64_t kExtraHeader = 4;
  const uint64_t end = entry.offset + kLocalHeader + entry.member->name.size() + kExtraHeader;
  const auto padding = static_cast<uint16_t>((kZipAlignment - end % kZipAlignment) % kZipAlignment);
  Bytes out;
  append_little(out, uint32_t{0x04034b50});
  append_shared_fields(out, entry);
  append_little(out, static_cast<uint16_t>(kExtraHeader + padding));
  out.insert(out.end(), entry.member->name.begin(), entry.member->name.end());
  append_little(out, uint16_t{0x4246});
  append_little(out, padding);
  out.resize(out.size() + padding);
  return out;
}

Bytes zip_directory(const std::vector<ZipEntry>& entries, uint64_t offset) {
  Bytes out;
  for (const ZipEntry& entry : entries) {
    append_little(out, uint32_t{0x02014b50});
    append_little(out, kZipVersion);  // made by
    append_shared_fields(out, entry);
    append_little(out, uint16_t{0});  // extra field
    append_little(out, uint16_t{0});  // comment
    append_little(out, uint16_t{0});  // disk
    append_little(out, uint16_t{0});  // internal attributes
    append_little(out, uint32_t{0});  // external attributes
    append_little(out, static_cast<uint32_t>(entry.offset));
    out.insert(out.end(), entry.member->name.begin(), entry.member->name.end());
  }
  const auto size = static_cast<uint32_t>(out.size());
  append_little(out, uint32_t{0x06054b50});
  append_little(out, uint16_t{0});  // this disk, that of the zip_directory
  append_little(out, uint16_t{0});
  append_little(out, static_cast<uint16_t>(entries.size()));
  append_little(out, static_cast<uint16_t>(entries.size()));
  append_little(out, size);
  append_little(out, static_cast<uint32_t>(offset));
  append_little(out, uint16_t{0});  // comment
  return out;
}

void check_members(const std::filesystem::path& path, const std::vector<ZipMember>& members) {
  std::set<std::string> names;
  uint64_t total = 0;
  for (const ZipMember& member : members) {
    if (!names.insert(member.name).second) {
      throw UserError("{}: the member '{}' twice", path.string(), member.name);
    }
    total += member.bytes.size() + 2 * (kLocalHeader + member.name.size() + 2 * kZipAlignment);
  }
  if (total > kMostZipBytes || members.size() >= 0xffff) {
    throw UserError(
        "{}: {} members with {} bytes are too much for a zip archive; a .safetensors "
        "file holds them",
        path.string(), members.size(), total);
  }
}

}  // namespace

void write_stored_zip(const std::filesystem::path& path, const std::vector<ZipMember>& members) {
  check_members(path, members);
  write_file(path, [&](const Sink& sink) {
    std::vector<ZipEntry> entries;
    uint64_t offset = 0;
    for (const ZipMember& member : members) {
      const ZipEntry entry{&member, zip_checksum(member.bytes), offset};
      const Bytes header = zip_local_header(entry);
      sink(header);
      sink(member.bytes);
      offset += header.size() + member.bytes.size();
      entries.push_back(entry);
    }
    sink(zip_directory(entries, offset));
  });
}

}  // namespace likewise
