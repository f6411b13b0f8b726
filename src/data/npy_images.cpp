// Arrays of images, or of samples of any other shape, in .npy and .npz files.
//
// Anything but uint8 is taken for samples [N, ...] of numbers (modality tensor); images are uint8
// [N, H, W], [N, H, W, C] or [N, C, H, W] with C = 1 or 3 (where both orders fit, channels come
// first). In a .npz they are called x or images, labels y or labels, domains d or domains; with
// parts x_train, y_train, x_test ... (Keras) or train_images, train_labels ... (MedMNIST).

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "data/file_images.hpp"
#include "data/kinds.hpp"
#include "data/npy_floats.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/memory.hpp"
#include "likewise/formats/npy.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

using NpyArrays = std::map<std::string, NpyArray>;

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Tensor npy_images(const NpyArray& array, const std::string& where) {
  const auto& shape = array.shape;
  const auto is_channels = [](int64_t c) { return c == 1 || c == 3; };
  const bool grey = shape.size() == 3;
  const bool planes = shape.size() == 4 && is_channels(shape[1]);
  const bool interleaved = shape.size() == 4 && !planes && is_channels(shape[3]);
  if (array.dtype != "u1" || !(grey || planes || interleaved)) {
    throw DataError(
        "{}: images must be uint8 [N, H, W], [N, H, W, C] or [N, C, H, W] with C = 1 "
        "or 3, found {} {}",
        where, array.dtype, shape_text(shape));
  }
  std::vector<int64_t> stored = shape;
  if (grey) stored.insert(stored.begin() + 1, 1);
  Tensor x = at::empty(stored, at::kByte);
  if (!array.bytes.empty()) {
    std::memcpy(x.data_ptr<uint8_t>(), array.bytes.data(), array.bytes.size());
  }
  return interleaved ? x.permute({0, 3, 1, 2}).contiguous() : x;
}

template <class T>
std::vector<int64_t> widen_integers(const std::vector<uint8_t>& bytes) {
  std::vector<int64_t> numbers(bytes.size() / sizeof(T));
  for (size_t i = 0; i < numbers.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    numbers[i] = static_cast<int64_t>(value);
  }
  return numbers;
}

// Integers [N] or [N, 1].
std::vector<int64_t> npy_integers(const NpyArray& array, const std::string& where) {
  const bool flat = array.shape.size() == 1 || (array.shape.size() == 2 && array.shape[1] == 1);
  if (flat) {
    if (array.dtype == "u1" || array.dtype == "b1") return widen_integers<uint8_t>(array.bytes);
    if (array.dtype == "i1") return widen_integers<int8_t>(array.bytes);
    if (array.dtype == "u2") return widen_integers<uint16_t>(array.bytes);
    if (array.dtype == "i2") return widen_integers<int16_t>(array.bytes);
    if (array.dtype == "u4") return widen_integers<uint32_t>(array.bytes);
    if (array.dtype == "i4") return widen_integers<int32_t>(array.bytes);
    if (array.dtype == "i8" || array.dtype == "u8") return widen_integers<int64_t>(array.bytes);
  }
  throw DataError("{}: labels must be integers [N], found {} {}", where, array.dtype,
                  shape_text(array.shape));
}

// The samples of an array, as the modality wants them, in memory.
DatasetPtr npy_samples(const NpyArray& array, const OpenRequest& request,
                       std::vector<int64_t> labels, std::vector<int64_t> domains, DatasetInfo info,
                       const std::string& item) {
  const std::string where = request.path.string();
  Tensor x;
  if (info.modality == Modality::image) {
    x = npy_images(array, where);
  } else {
    if (array.shape.size() < 2) {
      throw DataError("{}: an array of samples is [N, ...], found {}", where,
                      shape_text(array.shape));
    }
    x = npy_floats(array, where);
    if (info.modality == Modality::series) {
      if (x.dim() != 3) {
        throw DataError("{}: an array of series is [N, channels, time], found {}", where,
                        shape_text(array.shape));
      }
      if (request.options.time_axis == "first") x = x.transpose(1, 2).contiguous();
      info.rate = request.options.rate;
    }
    if (x.dim() > 4) {
      throw DataError("{}: samples of up to 3 dimensions are accepted, found {}", where,
                      shape_text(array.shape));
    }
  }
  return memory_dataset(x, std::move(labels), std::move(domains), std::move(info), item);
}

const NpyArray* find_array(const NpyArrays& arrays, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    const auto found = arrays.find(name);
    if (found != arrays.end()) return &found->second;
  }
  return nullptr;
}

// The names that an array may have: {"x", "images"}, "" -> themselves; with a part "train" also
// "x_train" and "train_images".
std::vector<std::string> names_for(const std::vector<std::string>& stems, const std::string& part) {
  if (part.empty()) return stems;
  std::vector<std::string> names;
  for (const auto& stem : stems) {
    names.push_back(stem + "_" + part);
    names.push_back(part + "_" + stem);
  }
  return names;
}

const std::vector<std::string> kImageStems = {"x", "images", "data"};
const std::vector<std::string> kLabelStems = {"y", "labels"};
const std::vector<std::string> kDomainStems = {"d", "domains"};

std::vector<std::string> npz_parts(const NpyArrays& arrays) {
  std::vector<std::string> parts;
  for (const std::string part : {"train", "val", "test"}) {
    if (find_array(arrays, names_for(kImageStems, part)) != nullptr) parts.push_back(part);
  }
  return parts;
}

}  // namespace

// Bytes are images, other numbers are not.
Modality modality_of_npy(const fs::path& path) {
  if (lower(path.extension().string()) == ".npy") {
    const std::string dtype = npy_dtype(path);
    return dtype.empty() || dtype == "u1" ? Modality::image : Modality::tensor;
  }
  NpyArrays arrays;
  for (auto& [name, array] : read_npz(path)) arrays[name] = std::move(array);
  for (const std::string part : {"", "train", "test", "val"}) {
    const NpyArray* found = find_array(arrays, names_for(kImageStems, part));
    if (found != nullptr) return found->dtype == "u1" ? Modality::image : Modality::tensor;
  }
  return Modality::image;
}

bool is_npy(const OpenRequest& request) {
  const std::string extension = lower(request.path.extension().string());
  std::error_code ignored;
  return (extension == ".npy" || extension == ".npz") && fs::is_regular_file(request.path, ignored);
}

DatasetPtr open_npy(const OpenRequest& request) {
  const std::string file = request.path.string();
  DatasetInfo info;
  info.name = request.full_name();
  info.kind = "npy";
  info.modality = request.modality();
  if (info.modality == Modality::audio) {
    throw UserError("{}: arrays of sound are not read; write them as .wav", file);
  }
  const std::string item = request.path.filename().string();
  if (lower(request.path.extension().string()) == ".npy") {
    if (!request.part.empty()) unknown_part(request.name, request.part, {});
    const NpyArray array = read_npy_file(request.path);
    if (info.modality == Modality::series && array.shape.size() == 2) {  // one recording
      return file_series({request.path.parent_path(), {item}, {}, {}}, info, request.options);
    }
    return npy_samples(array, request, {}, {}, info, item);
  }
  NpyArrays arrays;
  for (auto& [name, array] : read_npz(request.path)) arrays[name] = std::move(array);
  const auto parts = npz_parts(arrays);
  std::string part = request.part;
  if (part.empty() && !parts.empty() && find_array(arrays, kImageStems) == nullptr) part = parts[0];
  const NpyArray* images = find_array(arrays, names_for(kImageStems, part));
  if (images == nullptr) {
    if (!part.empty()) unknown_part(request.name, part, parts);
    std::vector<std::string> names;
    for (const auto& entry : arrays) names.push_back(entry.first);
    throw DataError("{}: there is no array named x or images, only: {}", file, join(names, ", "));
  }
  std::vector<int64_t> labels, domains;
  if (const auto* y = find_array(arrays, names_for(kLabelStems, part))) {
    labels = npy_integers(*y, file);
  }
  if (const auto* d = find_array(arrays, names_for(kDomainStems, part))) {
    domains = npy_integers(*d, file);
  }
  return npy_samples(*images, request, std::move(labels), std::move(domains), info,
                     part.empty() ? item : item + "/" + part);
}

}  // namespace likewise::detail
