// CIFAR-10 (data_batch_1.bin ... data_batch_5.bin, test_batch.bin, batches.meta.txt) and CIFAR-100
// (train.bin, test.bin, fine_label_names.txt) as their authors distribute them. Each .bin may end
// in .gz. CIFAR-100 has its fine labels.

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>

#include "data/file_images.hpp"
#include "data/kinds.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/memory.hpp"
#include "likewise/formats/cifar.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

// folder/name or folder/name.gz; empty when neither is there.
fs::path plain_or_gz(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  if (fs::is_regular_file(folder / name, ignored)) return folder / name;
  if (fs::is_regular_file(folder / (name + ".gz"), ignored)) return folder / (name + ".gz");
  return {};
}

// The files of a part; empty when the folder is no CIFAR of this kind.
std::vector<fs::path> cifar_files(const fs::path& folder, CifarKind kind, bool train) {
  std::vector<std::string> names = {kind == CifarKind::cifar10 ? "test_batch.bin" : "test.bin"};
  if (train && kind == CifarKind::cifar100) names = {"train.bin"};
  if (train && kind == CifarKind::cifar10) {
    names.clear();
    for (int i = 1; i <= 5; ++i) names.push_back(fmt::format("data_batch_{}.bin", i));
  }
  std::vector<fs::path> files;
  for (const auto& name : names) {
    const fs::path file = plain_or_gz(folder, name);
    if (!file.empty()) files.push_back(file);
  }
  return files;
}

std::vector<std::string> cifar_class_names(const fs::path& folder, CifarKind kind) {
  const bool ten = kind == CifarKind::cifar10;
  const fs::path file = folder / (ten ? "batches.meta.txt" : "fine_label_names.txt");
  std::vector<std::string> names;
  std::error_code ignored;
  if (fs::exists(file, ignored)) {
    for (const auto& line : split(read_text(file), '\n')) {
      if (!trim(line).empty()) names.push_back(trim(line));
    }
  }
  const size_t expected = ten ? 10 : 100;
  if (names.size() != expected) {
    names.clear();
    if (ten) {
      names = {"airplane", "automobile", "bird",  "cat",  "deer",
               "dog",      "frog",       "horse", "ship", "truck"};
    } else {
      for (size_t i = 0; i < expected; ++i) names.push_back(std::to_string(i));
    }
  }
  return names;
}

CifarKind cifar_kind(const fs::path& folder) {
  const bool ten = !cifar_files(folder, CifarKind::cifar10, true).empty() ||
                   !cifar_files(folder, CifarKind::cifar10, false).empty();
  return ten ? CifarKind::cifar10 : CifarKind::cifar100;
}

}  // namespace

bool is_cifar(const OpenRequest& request) {
  const CifarKind kind = cifar_kind(request.path);
  if (kind == CifarKind::cifar10) return true;
  // train.bin is a common name: both files or the names must be there.
  std::error_code ignored;
  const bool train = !cifar_files(request.path, kind, true).empty();
  const bool test = !cifar_files(request.path, kind, false).empty();
  return (train && test) ||
         ((train || test) && fs::exists(request.path / "fine_label_names.txt", ignored));
}

DatasetPtr open_cifar(const OpenRequest& request) {
  const std::string part = request.part.empty() ? "train" : request.part;
  if (part != "train" && part != "test") unknown_part(request.name, part, {"train", "test"});
  const CifarKind kind = cifar_kind(request.path);
  const auto files = cifar_files(request.path, kind, part == "train");
  if (files.empty()) {
    throw UserError("{} has no {} batches", request.path.string(), part);
  }
  if (kind == CifarKind::cifar10 && part == "train" && files.size() != 5) {
    throw DataError("{}: 5 files data_batch_1.bin to data_batch_5.bin were expected, found {}",
                    request.path.string(), files.size());
  }
  std::vector<int64_t> labels;
  std::vector<uint8_t> pixels;
  for (const auto& file : files) {
    const auto batch = read_cifar_file(file, kind);
    labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
    pixels.insert(pixels.end(), batch.pixels.begin(), batch.pixels.end());
  }
  Tensor x = at::empty({static_cast<int64_t>(labels.size()), 3, 32, 32}, at::kByte);
  std::memcpy(x.data_ptr<uint8_t>(), pixels.data(), pixels.size());
  DatasetInfo info{
      request.full_name(), "cifar", Modality::image, cifar_class_names(request.path, kind), {}};
  return memory_dataset(x, std::move(labels), {}, info, part);
}

}  // namespace likewise::detail
