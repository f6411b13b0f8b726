#pragma once
// Files in the cache folder that are checked when they are read: a tag, the length and a checksum
// precede the payload. A missing, damaged or foreign file is the same as none.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace likewise::detail {

// Appends numbers and texts to a byte buffer, in the machine's byte order (caches do not travel).
class ByteWriter {
 public:
  void number(int64_t value);
  void text(std::string_view value);
  void bytes(std::span<const uint8_t> value);
  const std::vector<uint8_t>& buffer() const { return buffer_; }

 private:
  std::vector<uint8_t> buffer_;
};

// Reads them back; after an overrun `ok()` is false and everything read is empty.
class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> buffer) : rest_(buffer) {}
  int64_t number();
  std::string text();
  std::span<const uint8_t> bytes(size_t count);
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }
  size_t left() const { return rest_.size(); }

 private:
  std::span<const uint8_t> rest_;
  bool ok_ = true;
};

// The payload of cache_folder()/name, if it was written whole with the same tag.
std::optional<std::vector<uint8_t>> read_cache(const std::string& name, std::string_view tag);

// Writes it; a cache that cannot be written is no error, only slower.
void write_cache(const std::string& name, std::string_view tag, std::span<const uint8_t> payload);

}  // namespace likewise::detail
