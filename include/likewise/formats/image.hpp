#pragma once
// Encoded images <-> plain 8-bit buffers. Torch-free.

#include <cstdint>
#include <filesystem>
#include <functional>
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

// A rectangle of pixels; rows are counted from the top, columns from the left.
struct PixelBox {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

// The smallest box that holds both.
PixelBox smallest_around(const PixelBox& a, const PixelBox& b);

// Given an image's height and width, the pixels that will be looked at: at least one, all inside.
using Window = std::function<PixelBox(int64_t height, int64_t width)>;

// Room for channels x height x width bytes; called once.
using Room = std::function<uint8_t*(int64_t channels, int64_t height, int64_t width)>;

// decode_image into one plane a channel, in room that the caller gives. With a window, what lies
// outside may stay as it was, and damage that concerns only that may go unnoticed: a JPEG that is
// not progressive is read down to the last row of the window. Inside, all is equal, bit by bit.
void decode_planes(std::span<const uint8_t> bytes, const std::string& name, const Room& room,
                   const Window& window = {}, int64_t max_pixels = int64_t{1} << 28);

// Reads and decodes a file. Throws DataError, with the path.
Image read_image(const std::filesystem::path& path);

// Grey or RGB to PNG / JPEG bytes. `quality` 1..100.
std::vector<uint8_t> encode_png(const Image& image);
std::vector<uint8_t> encode_jpeg(const Image& image, int quality = 90);

}  // namespace likewise
