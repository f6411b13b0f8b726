// Archives and compressed files: members lie inside, limits hold.
#include "data/cache_file.hpp"
#include "fuzz/targets.hpp"
#include "likewise/formats/gzip.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/formats/tar.hpp"

namespace likewise::fuzz {

void tar(Bytes bytes) {
  for (const TarEntry& entry : index_tar(bytes, "archive")) {
    promise(entry.offset >= 512 && entry.size >= 0 &&
                entry.offset <= static_cast<int64_t>(bytes.size()) - entry.size,
            "a member inside the archive");
    const auto [key, extension] = tar_key(entry.name);
    promise(key.size() + extension.size() <= entry.name.size(), "a key from the name");
  }
}

void gzip(Bytes bytes) {
  constexpr int64_t kLimit = 1 << 20;
  promise(gunzip(bytes, "file", kLimit).size() <= kLimit, "the limit holds");
}

void npz(Bytes bytes) {
  constexpr int64_t kLimit = 1 << 20;
  int64_t total = 0;
  for (const auto& [name, array] : read_npz(bytes, "archive", kLimit)) {
    total += static_cast<int64_t>(array.bytes.size());
  }
  promise(total <= kLimit, "the limit holds");
}

void cache(Bytes bytes) {
  detail::ByteReader reader(bytes);
  const int64_t rounds = reader.number();
  for (int64_t i = 0; i < rounds && reader.ok(); ++i) {
    const size_t left = reader.left();
    const std::string text = reader.text();
    promise(text.size() <= left && reader.left() <= left, "reading goes forward");
  }
  if (!reader.ok()) promise(reader.number() == 0 && reader.text().empty(), "silence after an end");
}

}  // namespace likewise::fuzz
