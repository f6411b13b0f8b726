// Images: what is read has the size that it says, and writing it as PNG loses nothing.
#include "formats/image_codecs.hpp"
#include "fuzz/targets.hpp"

namespace likewise::fuzz {

namespace {

constexpr int64_t kMostPixels = 1 << 20;  // larger ones only cost time

void decode(Bytes bytes, ImageFormat format) {
  if (sniff_image(bytes) != format) return;
  const Image image = decode_image(bytes, "image", kMostPixels);
  promise(image.height > 0 && image.width > 0 && image.height * image.width <= kMostPixels &&
              (image.channels == 1 || image.channels == 3),
          "sizes in range");
  promise(static_cast<int64_t>(image.pixels.size()) == image.height * image.width * image.channels,
          "as many pixels as said");
  if (image.pixels.size() > 4096) return;
  const Image again = decode_image(encode_png(image), "again", kMostPixels);
  promise(again.pixels == image.pixels, "PNG keeps the pixels");
}

}  // namespace

void jpeg(Bytes bytes) { decode(bytes, ImageFormat::jpeg); }
void png(Bytes bytes) { decode(bytes, ImageFormat::png); }
void webp(Bytes bytes) { decode(bytes, ImageFormat::webp); }

void exif(Bytes bytes) {
  const int orientation = detail::exif_orientation(bytes);
  promise(orientation >= 1 && orientation <= 8, "an orientation from 1 to 8");
  const Image strip{2, 3, 1, {1, 2, 3, 4, 5, 6}};
  const Image turned = detail::orient(strip, orientation);
  promise(turned.pixels.size() == 6 && turned.height * turned.width == 6, "turning keeps pixels");
}

}  // namespace likewise::fuzz
