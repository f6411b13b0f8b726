// The one EXIF tag that changes what an image shows (EXIF 2.32, section 4.6.4: Orientation).

#include "formats/endian.hpp"
#include "formats/image_codecs.hpp"

namespace likewise::detail {

int exif_orientation(std::span<const uint8_t> tiff) {
  constexpr uint16_t kOrientationTag = 0x0112, kShort = 3;
  constexpr size_t kEntry = 12;
  if (tiff.size() < 8) return 1;
  const bool little = tiff[0] == 'I' && tiff[1] == 'I';
  if (!little && !(tiff[0] == 'M' && tiff[1] == 'M')) return 1;
  const auto u16 = [&](size_t at) {
    return little ? load_little<uint16_t>(&tiff[at]) : load_big<uint16_t>(&tiff[at]);
  };
  const size_t directory = little ? load_little<uint32_t>(&tiff[4]) : load_big<uint32_t>(&tiff[4]);
  if (u16(2) != 42 || directory > tiff.size() - 2) return 1;
  const size_t count = u16(directory);
  for (size_t i = 0; i < count; ++i) {
    const size_t entry = directory + 2 + i * kEntry;
    if (entry + kEntry > tiff.size()) break;
    if (u16(entry) != kOrientationTag || u16(entry + 2) != kShort) continue;
    const int orientation = u16(entry + 8);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

Image orient(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  const bool swaps = orientation >= 5;
  const int64_t h = image.height, w = image.width, c = image.channels;
  Image turned{swaps ? w : h, swaps ? h : w, c, std::vector<uint8_t>(image.pixels.size())};
  uint8_t* to = turned.pixels.data();
  for (int64_t y = 0; y < turned.height; ++y) {
    for (int64_t x = 0; x < turned.width; ++x) {
      int64_t row = swaps ? x : y, column = swaps ? y : x;
      // 3, 4: upside down. 6, 7: after transposing, the rows of the file run backwards.
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) {
        row = h - 1 - row;
      }
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {
        column = w - 1 - column;
      }
      const uint8_t* from = image.pixels.data() + (row * w + column) * c;
      for (int64_t k = 0; k < c; ++k) *to++ = from[k];
    }
  }
  return turned;
}

}  // namespace likewise::detail
