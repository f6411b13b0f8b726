#pragma once
// NumPy's array files: .npy (one array) and .npz (a zip of .npy files).
// Source: numpy.lib.format, versions 1.0, 2.0 and 3.0.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace likewise {

// Little-endian values in C order. dtype is one of b1 (bool) u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8: kind
// and bytes of an element. An empty shape is a scalar.
struct NpyArray {
  std::string dtype;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

// Bytes of an element; 0 for a dtype that is not in the list above.
int64_t npy_item_size(std::string_view dtype);

// Reads an array; big-endian and Fortran-ordered ones are converted. `name` is only used in
// messages. Throws DataError: not a .npy file, truncated, too long, or of a type that is not plain
// numbers. Pickled objects are refused and never looked into.
NpyArray read_npy(std::span<const uint8_t> bytes, const std::string& name);
NpyArray read_npy_file(const std::filesystem::path& path);

// The bytes of a version 1.0 file. Throws UserError when dtype, shape and bytes disagree.
std::vector<uint8_t> write_npy(const NpyArray& array);

// All arrays of an archive, in its order, without the suffix ".npy". Throws DataError for a broken
// archive, a member that is not an array, or more than `max_bytes` after decompression.
std::vector<std::pair<std::string, NpyArray>> read_npz(const std::filesystem::path& path,
                                                       int64_t max_bytes = int64_t{1} << 34);
std::vector<std::pair<std::string, NpyArray>> read_npz(std::span<const uint8_t> bytes,
                                                       const std::string& name,
                                                       int64_t max_bytes = int64_t{1} << 34);

}  // namespace likewise
