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

// The whole file. A pipe of the shell or a device is read to its end, up to 1 GiB. Throws DataError
// with the path and the reason: the system's, a folder, a disk, a named pipe (which may have no
// writer), or more than fits into memory.
std::vector<uint8_t> read_bytes(const std::filesystem::path& path);
std::string read_text(const std::filesystem::path& path);

// Writes a neighbour `.NAME.tmp-likewise-PID-N`, flushes it to the disk, renames it over `path`:
// readers see the old file or the new one, never a part. Missing parent folders are made, links are
// followed, permissions of the old file are kept; pipes and devices are written to in place. On
// failure the neighbour is removed and UserError names the path and the reason (disk full,
// read-only, ...). Neighbours that killed writers left are removed by the next writer.
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
