#pragma once
// Arrays of any number type as float tensors.

#include "likewise/formats/npy.hpp"
#include "likewise/tensor.hpp"

namespace likewise::detail {

// The same shape, as floats. Values may be NaN or infinite.
Tensor npy_floats(const NpyArray& array, const std::string& where);

// Throws DataError that names the first value that is no number.
void check_finite(const Tensor& x, const std::string& where);

// The element type that a .npy file's header names ("u1", "f4", ...), without reading the array; ""
// when it cannot be told.
std::string npy_dtype(const std::filesystem::path& path);

}  // namespace likewise::detail
