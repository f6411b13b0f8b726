#include "formats/stored_zip.hpp"

#include <zlib.h>

#include <algorithm>

#include "formats/endian.hpp"
#include "likewise/base/error.hpp"

namespace likewise::detail {

namespace {

constexpr uint32_t kZipEnd = 0x06054b50, kZip64End = 0x06064b50, kZip64Locator = 0x07064b50,
                   kZipCentral = 0x02014b50, kZipLocal = 0x04034b50;
constexpr uint64_t kMostZipMembers = 1'000'000;

struct ZipDirectory {
  uint64_t members, offset;
};

class ZipReader {
 public:
  ZipReader(std::span<const uint8_t> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::map<std::string, ZipMember> read() const {
    const ZipDirectory directory = find_directory();
    if (directory.members > kMostZipMembers) fail("{} members", directory.members);
    std::map<std::string, ZipMember> members;
    uint64_t at = directory.offset;
    for (uint64_t i = 0; i < directory.members; ++i) at = read_entry(at, members);
    return members;
  }

 private:
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw DataError("{}: broken zip archive: {}", name_,
                    fmt::format(format, std::forward<Args>(args)...));
  }
  std::span<const uint8_t> at(uint64_t offset, uint64_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) {
      fail("{} bytes at {} are beyond its end", size, offset);
    }
    return bytes_.subspan(static_cast<size_t>(offset), static_cast<size_t>(size));
  }
  template <class T>
  T number(uint64_t offset) const {
    return load_little<T>(at(offset, sizeof(T)).data());
  }

  // The end record stands before a comment of up to 65,535 bytes.
  ZipDirectory find_directory() const {
    constexpr uint64_t kRecord = 22, kLocator = 20;
    const uint64_t size = bytes_.size();
    for (uint64_t back = kRecord; back <= std::min<uint64_t>(size, kRecord + 0xffff); ++back) {
      const uint64_t end = size - back;
      if (number<uint32_t>(end) != kZipEnd || number<uint16_t>(end + 20) != back - kRecord)
        continue;
      const ZipDirectory plain{number<uint16_t>(end + 10), number<uint32_t>(end + 16)};
      if (plain.members != 0xffff && plain.offset != 0xffffffff) return plain;
      if (end < kLocator || number<uint32_t>(end - kLocator) != kZip64Locator) return plain;
      const auto wide = number<uint64_t>(end - kLocator + 8);
      if (number<uint32_t>(wide) != kZip64End) fail("no Zip64 record at {}", wide);
      return {number<uint64_t>(wide + 32), number<uint64_t>(wide + 48)};
    }
    fail("its directory is missing; the file is cut short");
  }

  // One entry of the directory; returns where the next begins.
  uint64_t read_entry(uint64_t entry, std::map<std::string, ZipMember>& members) const {
    if (number<uint32_t>(entry) != kZipCentral) fail("no directory entry at {}", entry);
    const auto flags = number<uint16_t>(entry + 8), method = number<uint16_t>(entry + 10);
    uint64_t packed = number<uint32_t>(entry + 20), size = number<uint32_t>(entry + 24),
             local = number<uint32_t>(entry + 42);
    const auto name_size = number<uint16_t>(entry + 28), extra_size = number<uint16_t>(entry + 30),
               comment_size = number<uint16_t>(entry + 32);
    const auto stored = at(entry + 46, name_size);
    const std::string member(stored.begin(), stored.end());
    read_zip64(at(entry + 46 + name_size, extra_size), size, packed, local);
    const char* packing = flags & 1                       ? "encrypted"
                          : method != 0 || packed != size ? "compressed"
                                                          : nullptr;
    if (number<uint32_t>(local) != kZipLocal) fail("no member at {}", local);
    const uint64_t data = local + 30 + number<uint16_t>(local + 26) + number<uint16_t>(local + 28);
    if (!members.emplace(member, ZipMember{at(data, packed), number<uint32_t>(entry + 16), packing})
             .second) {
      fail("'{}' is there twice", member);
    }
    return entry + 46 + name_size + extra_size + comment_size;
  }

  // Fields of 32 bits that are full stand in the extra block instead, in this order.
  void read_zip64(std::span<const uint8_t> extra, uint64_t& size, uint64_t& packed,
                  uint64_t& local) const {
    while (extra.size() >= 4) {
      const auto id = load_little<uint16_t>(extra.data());
      const auto length = load_little<uint16_t>(extra.data() + 2);
      extra = extra.subspan(4);
      if (length > extra.size()) return;  // padding, not blocks
      auto block = extra.first(length);
      extra = extra.subspan(length);
      if (id != 1) continue;
      for (uint64_t* field : {&size, &packed, &local}) {
        if (*field != 0xffffffff) continue;
        if (block.size() < 8) fail("a Zip64 field is missing");
        *field = load_little<uint64_t>(block.data());
        block = block.subspan(8);
      }
    }
  }

  std::span<const uint8_t> bytes_;
  const std::string& name_;
};

}  // namespace

std::map<std::string, ZipMember> read_stored_zip(std::span<const uint8_t> archive,
                                                 const std::string& name) {
  return ZipReader(archive, name).read();
}

void check_stored(const ZipMember& member, const std::string& what) {
  if (member.packing)
    throw DataError("{} is {}; torch.save stores it as it is", what, member.packing);
}

void check_crc(const ZipMember& member, const std::string& what) {
  if (member.crc == 0) return;
  const uLong crc = crc32_z(crc32(0, nullptr, 0), member.bytes.data(), member.bytes.size());
  if (crc != member.crc) {
    throw DataError("{}: its checksum is {:08x} instead of {:08x}; the file is damaged", what, crc,
                    member.crc);
  }
}

}  // namespace likewise::detail
