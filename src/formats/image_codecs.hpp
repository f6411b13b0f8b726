#pragma once
// What the image decoders share. They get bytes of the right kind and a name for messages, and
// throw DataError.

#include "likewise/formats/image.hpp"

namespace likewise::detail {

Image decode_jpeg(std::span<const uint8_t> bytes, const std::string& name, int64_t max_pixels);
// decode_planes for the JPEGs that need neither turning nor another colour space; false, and nothing
// done, for the others.
bool decode_jpeg_planes(std::span<const uint8_t> bytes, const std::string& name, const Room& room,
                        const Window& window, int64_t max_pixels);
Image decode_png(std::span<const uint8_t> bytes, const std::string& name, int64_t max_pixels);
Image decode_webp(std::span<const uint8_t> bytes, const std::string& name, int64_t max_pixels);

// To be called with the header's claims before memory is taken. `most` is the number of pixels
// that the encoded bytes could hold at best.
void check_image_size(int64_t height, int64_t width, int64_t max_pixels, double most,
                      const std::string& name);

// Channels alternate with alpha as their last: out = (alpha * value + (255 - alpha) * 255) / 255.
Image blend_over_white(const std::vector<uint8_t>& with_alpha, int64_t height, int64_t width,
                       int64_t channels);

// The orientation 1..8 in a TIFF block, which starts with "II" or "MM"; 1 when there is none.
int exif_orientation(std::span<const uint8_t> tiff);

// Turns and mirrors the pixels so that orientation 1 would be right. Others than 2..8: unchanged.
Image orient(Image image, int orientation);

}  // namespace likewise::detail
