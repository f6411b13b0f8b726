#include "data/cache_file.hpp"

#include <cstring>

#include "data/stable_hash.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"

namespace likewise::detail {

void ByteWriter::number(int64_t value) {
  uint8_t raw[8];
  std::memcpy(raw, &value, 8);
  bytes(raw);
}

void ByteWriter::text(std::string_view value) {
  number(static_cast<int64_t>(value.size()));
  bytes({reinterpret_cast<const uint8_t*>(value.data()), value.size()});
}

void ByteWriter::bytes(std::span<const uint8_t> value) {
  buffer_.insert(buffer_.end(), value.begin(), value.end());
}

std::span<const uint8_t> ByteReader::bytes(size_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    return {};
  }
  const auto piece = rest_.first(count);
  rest_ = rest_.subspan(count);
  return piece;
}

int64_t ByteReader::number() {
  int64_t value = 0;
  const auto raw = bytes(8);
  if (ok_) std::memcpy(&value, raw.data(), 8);
  return value;
}

std::string ByteReader::text() {
  const int64_t size = number();
  if (size < 0) ok_ = false;
  const auto raw = bytes(static_cast<size_t>(size));
  return {raw.begin(), raw.end()};
}

std::optional<std::vector<uint8_t>> read_cache(const std::string& name, std::string_view tag) {
  const auto path = cache_folder() / name;
  std::error_code absent;
  if (!std::filesystem::is_regular_file(path, absent)) return {};
  try {
    auto file = read_bytes(path);
    ByteReader reader(file);
    const bool same_tag = reader.text() == tag;
    const int64_t size = reader.number();
    const auto sum = static_cast<uint64_t>(reader.number());
    if (!reader.ok() || !same_tag || size != static_cast<int64_t>(reader.left())) return {};
    const auto payload = reader.bytes(reader.left());
    if (checksum(payload) != sum) return {};
    file.erase(file.begin(), file.end() - size);
    return file;
  } catch (const Error&) {
    return {};
  }
}

void write_cache(const std::string& name, std::string_view tag, std::span<const uint8_t> payload) {
  ByteWriter head;
  head.text(tag);
  head.number(static_cast<int64_t>(payload.size()));
  head.number(static_cast<int64_t>(checksum(payload)));
  try {
    write_file(cache_folder() / name, [&](const Sink& sink) {
      sink(head.buffer());
      sink(payload);
    });
  } catch (const Error&) {
    // Read-only home or full disk: the next run computes it again.
  }
}

}  // namespace likewise::detail
