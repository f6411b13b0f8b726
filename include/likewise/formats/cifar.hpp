#pragma once
// The binary version of CIFAR-10 and CIFAR-100 (www.cs.toronto.edu/~kriz/cifar.html).

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace likewise {

enum class CifarKind { cifar10, cifar100 };

// N colour images of 32 x 32 with their classes.
struct CifarBatch {
  std::vector<uint8_t> labels;         // [N], fine labels for CIFAR-100
  std::vector<uint8_t> coarse_labels;  // [N] for CIFAR-100, else empty
  std::vector<uint8_t> pixels;         // [N, 3, 32, 32], planes red, green, blue
  int64_t size() const { return static_cast<int64_t>(labels.size()); }
};

// Reads records of 1 label byte (CIFAR-10) or 2 (CIFAR-100: coarse, fine) and 3072 pixel bytes.
// Throws DataError with `name`: empty, not a whole number of records, or a label out of range.
CifarBatch read_cifar(std::span<const uint8_t> bytes, CifarKind kind, const std::string& name);

// A plain or gzip-compressed file.
CifarBatch read_cifar_file(const std::filesystem::path& path, CifarKind kind);

}  // namespace likewise
