#pragma once
// Gzip, for data sets that are distributed compressed.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace likewise {

bool is_gzip(std::span<const uint8_t> bytes);

// Decompresses one or more gzip members. Throws DataError with `name`: truncated, damaged,
// something else behind the last member, or more than `max_bytes` of result.
std::vector<uint8_t> gunzip(std::span<const uint8_t> bytes, const std::string& name,
                            int64_t max_bytes = int64_t{1} << 32);

// The file's contents, decompressed if it is a gzip file and as it is if not.
std::vector<uint8_t> gunzip_file(const std::filesystem::path& path,
                                 int64_t max_bytes = int64_t{1} << 32);

}  // namespace likewise
