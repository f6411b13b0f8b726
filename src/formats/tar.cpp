#include "likewise/formats/tar.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/open_file.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/gzip.hpp"
#include "likewise/formats/mapped_file.hpp"

namespace likewise {

namespace {

constexpr size_t kTarBlock = 512;
constexpr int64_t kTarMaxHeaderData = 1 << 20;  // of a long name or pax records

// Reads header after header.
class TarIndexer {
 public:
  TarIndexer(std::span<const uint8_t> bytes, const std::string& path)
      : bytes_(bytes), path_(path) {}

  std::vector<TarEntry> index() {
    if (is_gzip(bytes_)) {
      throw DataError("{}: the archive is compressed; decompress it to a plain .tar", path_);
    }
    std::vector<TarEntry> entries;
    for (;;) {
      if (bytes_.size() - at_ < kTarBlock) {
        fail("the archive ends without its end mark: it is truncated");
      }
      header_ = bytes_.subspan(at_, kTarBlock);
      if (std::all_of(header_.begin(), header_.end(), [](uint8_t b) { return b == 0; })) {
        if (long_name_ || pax_name_ || pax_size_) fail("the archive ends behind a long name");
        return entries;
      }
      check_sum();
      read_member(entries);
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError("{}: tar header at byte {}: {}", path_, at_, what);
  }

  // The text of a field, up to its first zero byte.
  std::string_view field(size_t start, size_t length) const {
    const std::string_view text(reinterpret_cast<const char*>(header_.data()) + start, length);
    return text.substr(0, text.find('\0'));
  }

  // Octal digits, or GNU's big-endian binary when the first bit is set.
  int64_t number(size_t start, size_t length, const char* what) const {
    int64_t value = 0;
    if (header_[start] & 0x80) {
      value = header_[start] & 0x7f;
      for (size_t i = 1; i < length; ++i) {
        if (value >> 55) fail(fmt::format("the {} is negative or too large", what));
        value = value << 8 | header_[start + i];
      }
      return value;
    }
    const std::string text = trim(field(start, length));
    if (text.empty()) fail(fmt::format("there is no {}", what));
    for (const char c : text) {
      if (c < '0' || c > '7')
        fail(fmt::format("the {} is '{}'; expected octal digits", what, text));
      value = value * 8 + (c - '0');  // at most 12 digits: no overflow
    }
    return value;
  }

  // The sum of the header's bytes with blanks for the sum itself; old archives added signed bytes.
  void check_sum() const {
    int64_t sum = 0, signed_sum = 0;
    for (size_t i = 0; i < kTarBlock; ++i) {
      const uint8_t byte = i >= 148 && i < 156 ? ' ' : header_[i];
      sum += byte;
      signed_sum += static_cast<int8_t>(byte);
    }
    const int64_t stored = number(148, 8, "checksum");
    if (stored != sum && stored != signed_sum) {
      fail(
          fmt::format("the checksum is {}; expected {}. This is not a tar archive or a damaged one",
                      stored, sum));
    }
  }

  std::string header_name() const {
    std::string name(field(0, 100));
    // POSIX "ustar\0" has a prefix; in GNU's "ustar  " its place means something else.
    if (std::memcmp(header_.data() + 257, "ustar\0", 6) == 0 && !field(345, 155).empty()) {
      name = fmt::format("{}/{}", field(345, 155), name);
    }
    return name;
  }

  void read_member(std::vector<TarEntry>& entries) {
    const char type = static_cast<char>(header_[156]);
    int64_t size = number(124, 12, "size");
    const bool regular = type == '0' || type == '\0' || type == '7';
    if (regular && pax_size_) size = *pax_size_;
    if (type == '5') size = 0;  // some writers put something else there
    const int64_t left = static_cast<int64_t>(bytes_.size() - at_ - kTarBlock);
    if (size > left) {
      fail(fmt::format("the member has {} bytes; the file has {} left: it is truncated", size,
                       left));
    }
    const auto data = bytes_.subspan(at_ + kTarBlock, static_cast<size_t>(size));
    if (type == 'L' || type == 'K' || type == 'x' || type == 'g') {
      if (size > kTarMaxHeaderData) fail(fmt::format("a name or record of {} bytes", size));
      const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
      if (type == 'L') long_name_ = std::string(text.substr(0, text.find('\0')));
      if (type == 'x') read_pax(text);
      // 'K' is the target of a link, 'g' holds defaults such as a comment: not needed.
    } else if (regular || type == '5') {
      std::string name = header_name();
      if (long_name_) name = *long_name_;
      if (pax_name_) name = *pax_name_;
      if (name.empty()) fail("the member has no name");
      // Before POSIX, folders were files whose name ends with a slash.
      if (regular && name.back() != '/') {
        entries.push_back({name, static_cast<int64_t>(at_ + kTarBlock), size});
      }
      long_name_.reset();
      pax_name_.reset();
      pax_size_.reset();
    } else {
      fail(
          fmt::format("'{}' is a link, a device or a sparse file (type '{}'); only regular files "
                      "are read",
                      header_name(), type));
    }
    const size_t padded = (static_cast<size_t>(size) + kTarBlock - 1) / kTarBlock * kTarBlock;
    at_ += kTarBlock + std::min(padded, bytes_.size() - at_ - kTarBlock);
  }

  // Records "LENGTH KEY=VALUE\n", where LENGTH counts all of the record.
  void read_pax(std::string_view text) {
    while (!text.empty()) {
      size_t length = 0, digits = 0;
      while (digits < text.size() && digits < 8 && text[digits] >= '0' && text[digits] <= '9') {
        length = length * 10 + static_cast<size_t>(text[digits++] - '0');
      }
      if (digits == 0 || length < digits + 3 || length > text.size() || text[digits] != ' ' ||
          text[length - 1] != '\n') {
        fail("a broken pax record");
      }
      const std::string_view record = text.substr(digits + 1, length - digits - 2);
      text.remove_prefix(length);
      const size_t equals = record.find('=');
      if (equals == std::string_view::npos) fail("a pax record without '='");
      const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
      if (key.substr(0, 11) == "GNU.sparse.") fail("a sparse file; only regular files are read");
      if (key == "path") pax_name_ = std::string(value);
      if (key == "size") pax_size_ = pax_number(value);
    }
  }

  int64_t pax_number(std::string_view text) const {
    if (text.empty() || text.size() > 18 ||
        text.find_first_not_of("0123456789") != std::string_view::npos) {
      fail(fmt::format("the pax size is '{}'", text));
    }
    int64_t value = 0;
    for (const char c : text) value = value * 10 + (c - '0');
    return value;
  }

  std::span<const uint8_t> bytes_, header_;
  const std::string& path_;
  size_t at_ = 0;
  std::optional<std::string> long_name_, pax_name_;  // for the next member
  std::optional<int64_t> pax_size_;
};

}  // namespace

std::vector<TarEntry> index_tar(std::span<const uint8_t> bytes, const std::string& name) {
  return TarIndexer(bytes, name).index();
}

std::vector<TarEntry> index_tar(const std::filesystem::path& path) {
  const MappedFile file(path);
  return index_tar(file.bytes(), path.string());
}

std::pair<std::string, std::string> tar_key(std::string_view name) {
  const size_t slash = name.rfind('/');
  const size_t start = slash == std::string_view::npos ? 0 : slash + 1;
  const size_t dot = name.find('.', start);
  if (dot == std::string_view::npos || dot == start) return {std::string(name), ""};
  return {std::string(name.substr(0, dot)), lower(name.substr(dot + 1))};
}

TarFile::TarFile(const std::filesystem::path& path)
    : path_(path.string()), entries_(index_tar(path)) {
  file_ = detail::open_file(path, O_RDONLY);
  if (file_ < 0) throw DataError("cannot open {}: {}", path_, std::strerror(errno));
}

TarFile::~TarFile() { ::close(file_); }

std::vector<uint8_t> TarFile::read(const TarEntry& entry) const {
  std::vector<uint8_t> bytes(static_cast<size_t>(entry.size));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(file_, bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(entry.offset) + static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      throw DataError("cannot read {} of {}: {}", entry.name, path_,
                      got < 0 ? std::strerror(errno) : "the file ends too early");
    }
    done += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace likewise
