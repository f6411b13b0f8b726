#pragma once
// Files that are written whole or not at all.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace likewise {

// The whole file. Throws DataError with the path and the system's reason.
std::vector<uint8_t> read_bytes(const std::filesystem::path& path);
std::string read_text(const std::filesystem::path& path);

// Writes a neighbour `.NAME.tmp-PID`, flushes it to the disk, renames it over `path`: readers see
// the old file or the new one, never a part. Missing parent folders are made. On failure the
// neighbour is removed and UserError names the path and the reason (disk full, read-only, ...).
void write_file(const std::filesystem::path& path, std::span<const uint8_t> bytes);
void write_file(const std::filesystem::path& path, std::string_view text);

// The same for content produced piece by piece: `produce` calls its argument for every piece.
using Sink = std::function<void(std::span<const uint8_t>)>;
void write_file(const std::filesystem::path& path, const std::function<void(const Sink&)>& produce);

// The same for a folder: `produce` fills a neighbour, which then takes the place of `path`. Where
// `path` is a folder already, the new files are moved over those of the same name and nothing else
// in it is touched.
void write_folder(const std::filesystem::path& path,
                  const std::function<void(const std::filesystem::path&)>& produce);

// A private cache folder: $LIKEWISE_CACHE, else $XDG_CACHE_HOME/likewise, else ~/.cache/likewise.
std::filesystem::path cache_folder();

}  // namespace likewise
