#pragma once
// Encoded images <-> plain 8-bit buffers. Torch-free.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace likewise {

// An 8-bit image, rows from top to bottom, channels interleaved: pixel (y, x, c) is
// pixels[(y * width + x) * channels + c]. channels is 1 (grey) or 3 (RGB).
struct Image {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> pixels;
};

enum class ImageFormat { unknown, jpeg, png, webp };

// By the first bytes, not by the name.
ImageFormat sniff_image(std::span<const uint8_t> bytes);

// True for names ending in .jpg .jpeg .png .webp in any case.
bool has_image_extension(const std::filesystem::path& path);

// Decodes JPEG, PNG or WebP to grey (files that are grey) or RGB (all others). EXIF orientation is
// applied; 16-bit samples are rounded to 8; palettes are expanded; alpha is blended over white;
// CMYK and YCCK JPEGs (Adobe's inverted form too) are converted to RGB.
// `name` is only used in messages. Throws DataError: empty, unknown format, truncated, corrupt,
// or more than `max_pixels` pixels (a guard against decompression bombs).
Image decode_image(std::span<const uint8_t> bytes, const std::string& name,
                   int64_t max_pixels = int64_t{1} << 28);

// Reads and decodes a file. Throws DataError, with the path.
Image read_image(const std::filesystem::path& path);

// Grey or RGB to PNG / JPEG bytes. `quality` 1..100.
std::vector<uint8_t> encode_png(const Image& image);
std::vector<uint8_t> encode_jpeg(const Image& image, int quality = 90);

}  // namespace likewise
