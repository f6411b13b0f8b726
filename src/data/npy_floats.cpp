#include "data/npy_floats.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "likewise/base/error.hpp"

namespace likewise::detail {

Tensor npy_floats(const NpyArray& array, const std::string& where) {
  static const std::pair<const char*, at::ScalarType> kTypes[] = {
      {"b1", at::kByte},  {"u1", at::kByte},  {"i1", at::kChar},
      {"i2", at::kShort}, {"i4", at::kInt},   {"i8", at::kLong},
      {"f2", at::kHalf},  {"f4", at::kFloat}, {"f8", at::kDouble}};
  for (const auto& [dtype, type] : kTypes) {
    if (array.dtype != dtype) continue;
    const Tensor x = at::empty(array.shape, type);
    if (!array.bytes.empty()) std::memcpy(x.data_ptr(), array.bytes.data(), array.bytes.size());
    return x.to(at::kFloat);
  }
  throw DataError(
      "{}: the array has type {}; accepted are bool, int8 to int64, uint8 and float16 to "
      "float64",
      where, array.dtype);
}

void check_finite(const Tensor& x, const std::string& where) {
  const float* values = x.data_ptr<float>();
  for (int64_t i = 0; i < x.numel(); ++i) {
    if (!std::isfinite(values[i])) {
      throw DataError("{}: value {} is {}, not a number", where, i, values[i]);
    }
  }
}

std::string npy_dtype(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  char header[512] = {};
  file.read(header, sizeof header - 1);
  const std::string text(header, static_cast<size_t>(file.gcount()));
  const size_t key = text.find("'descr'");
  if (key == std::string::npos) return "";
  const size_t open = text.find('\'', text.find(':', key)), close = text.find('\'', open + 1);
  if (open == std::string::npos || close == std::string::npos || close < open + 3) return "";
  return text.substr(open + 2, close - open - 2);
}

}  // namespace likewise::detail
