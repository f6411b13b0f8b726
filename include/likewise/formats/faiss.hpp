#pragma once
// FAISS' flat index: vectors searched one by one. faiss::read_index opens the file.
//
//   "IxFI" or "IxF2" | i32 d | i64 n | i64 2^20 twice | u8 1 | i32 metric | u64 n d | n d floats
//
// all little-endian. Source: faiss/impl/index_write.cpp.

#include <cstdint>
#include <filesystem>
#include <span>

namespace likewise {

enum class FaissMetric : int32_t { kInnerProduct = 0, kL2 = 1 };

// `vectors` are n rows of d values. Written whole or not at all; equal to what
// faiss::write_index(IndexFlatIP or IndexFlatL2) writes, byte for byte. Throws UserError when d is
// not in 1..2^31-1 or does not divide the number of values.
void write_faiss_flat(const std::filesystem::path& path, std::span<const float> vectors, int64_t d,
                      FaissMetric metric);

}  // namespace likewise
