#include "likewise/formats/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <climits>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"

namespace likewise {

namespace {

constexpr int kGzipOnly = 15 + 16;  // largest window, gzip frame

// zlib's state, freed at the end of its scope.
class Inflater {
 public:
  Inflater() {
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
};

}  // namespace

bool is_gzip(std::span<const uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

std::vector<uint8_t> gunzip(std::span<const uint8_t> bytes, const std::string& name,
                            int64_t max_bytes) {
  Inflater inflater;
  z_stream& stream = inflater.stream();
  std::vector<uint8_t> out, piece(1 << 16);
  size_t at = 0;  // of bytes: where the stream's input ends
  bool ended = false;
  for (;;) {
    if (stream.avail_in == 0) {
      const size_t more = std::min<size_t>(bytes.size() - at, INT_MAX);
      stream.next_in = const_cast<Bytef*>(bytes.data() + at);
      stream.avail_in = static_cast<uInt>(more);
      at += more;
      if (more == 0) break;
    }
    if (ended) {
      if (inflateReset(&stream) != Z_OK) throw std::bad_alloc();
      ended = false;
    }
    stream.next_out = piece.data();
    stream.avail_out = static_cast<uInt>(piece.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    const size_t got = piece.size() - stream.avail_out;
    if (got > static_cast<uint64_t>(max_bytes) - out.size()) {
      throw DataError("{}: more than {} bytes when decompressed", name, max_bytes);
    }
    out.insert(out.end(), piece.begin(), piece.begin() + static_cast<int64_t>(got));
    ended = status == Z_STREAM_END;
    if (status != Z_OK && !ended) {
      throw DataError("{}: damaged gzip data at byte {}: {}", name, at - stream.avail_in,
                      stream.msg ? stream.msg : "the data end too early");
    }
  }
  if (!ended) throw DataError("{}: the gzip data end too early", name);
  return out;
}

std::vector<uint8_t> gunzip_file(const std::filesystem::path& path, int64_t max_bytes) {
  auto bytes = read_bytes(path);
  return is_gzip(bytes) ? gunzip(bytes, path.string(), max_bytes) : bytes;
}

}  // namespace likewise
