#include "likewise/formats/cifar.hpp"

#include "likewise/base/error.hpp"
#include "likewise/formats/gzip.hpp"

namespace likewise {

namespace {

constexpr size_t kCifarPixels = 3 * 32 * 32;

uint8_t cifar_label(uint8_t label, int classes, size_t record, const std::string& name) {
  if (label >= classes) {
    throw DataError("{}: record {} has label {}; expected 0 to {}", name, record, label,
                    classes - 1);
  }
  return label;
}

}  // namespace

CifarBatch read_cifar(std::span<const uint8_t> bytes, CifarKind kind, const std::string& name) {
  const bool fine = kind == CifarKind::cifar100;
  const size_t label_bytes = fine ? 2 : 1, record = label_bytes + kCifarPixels;
  if (bytes.empty() || bytes.size() % record != 0) {
    throw DataError("{}: {} bytes are not a whole number of CIFAR-{} records of {} bytes", name,
                    bytes.size(), fine ? 100 : 10, record);
  }
  CifarBatch batch;
  const size_t count = bytes.size() / record;
  batch.labels.reserve(count);
  batch.pixels.reserve(count * kCifarPixels);
  for (size_t i = 0; i < count; ++i) {
    const auto from = bytes.subspan(i * record, record);
    if (fine) batch.coarse_labels.push_back(cifar_label(from[0], 20, i, name));
    batch.labels.push_back(cifar_label(from[label_bytes - 1], fine ? 100 : 10, i, name));
    batch.pixels.insert(batch.pixels.end(), from.begin() + static_cast<int64_t>(label_bytes),
                        from.end());
  }
  return batch;
}

CifarBatch read_cifar_file(const std::filesystem::path& path, CifarKind kind) {
  return read_cifar(gunzip_file(path), kind, path.string());
}

}  // namespace likewise
