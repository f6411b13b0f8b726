#pragma once
// IDX, the file format of MNIST and its relatives (yann.lecun.com/exdb/mnist).

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace likewise {

// Unsigned bytes in C order: [N] labels or [N, H, W] images.
struct IdxArray {
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

// Reads unsigned-byte IDX data: 0 0 8 D, D big-endian extents, the values. Throws DataError with
// `name`: another type, truncated, or more bytes than the extents need.
IdxArray read_idx(std::span<const uint8_t> bytes, const std::string& name);

// A plain or gzip-compressed file.
IdxArray read_idx_file(const std::filesystem::path& path);

}  // namespace likewise
