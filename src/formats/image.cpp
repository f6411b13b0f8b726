#include "likewise/formats/image.hpp"

#include <algorithm>

#include "formats/image_codecs.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

namespace detail {

void check_image_size(int64_t height, int64_t width, int64_t max_pixels, double most,
                      const std::string& name) {
  if (height < 1 || width < 1) throw DataError("{}: the image is {} x {}", name, width, height);
  if (width > max_pixels / height) {
    throw DataError("{}: the image is {} x {}, more than {} pixels", name, width, height,
                    format_count(max_pixels));
  }
  if (static_cast<double>(height) * static_cast<double>(width) > most) {
    throw DataError("{}: the image claims {} x {} pixels, more than its bytes can hold", name,
                    width, height);
  }
}

Image blend_over_white(const std::vector<uint8_t>& with_alpha, int64_t height, int64_t width,
                       int64_t channels) {
  Image image{height, width, channels, {}};
  image.pixels.resize(static_cast<size_t>(height * width * channels));
  const uint8_t* from = with_alpha.data();
  uint8_t* to = image.pixels.data();
  for (int64_t i = 0; i < height * width; ++i) {
    const unsigned alpha = from[channels];
    for (int64_t c = 0; c < channels; ++c) {
      *to++ = static_cast<uint8_t>((alpha * *from++ + (255 - alpha) * 255 + 127) / 255);
    }
    ++from;
  }
  return image;
}

}  // namespace detail

ImageFormat sniff_image(std::span<const uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min<size_t>(bytes.size(), 12));
  if (text.substr(0, 3) == "\xff\xd8\xff") return ImageFormat::jpeg;
  if (text.substr(0, 8) == "\x89PNG\r\n\x1a\n") return ImageFormat::png;
  if (text.size() == 12 && text.substr(0, 4) == "RIFF" && text.substr(8) == "WEBP") {
    return ImageFormat::webp;
  }
  return ImageFormat::unknown;
}

bool has_image_extension(const std::filesystem::path& path) {
  const std::string extension = lower(path.extension().string());
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".webp";
}

Image decode_image(std::span<const uint8_t> bytes, const std::string& name, int64_t max_pixels) {
  if (bytes.empty()) throw DataError("{}: the image file is empty", name);
  switch (sniff_image(bytes)) {
    case ImageFormat::jpeg:
      return detail::decode_jpeg(bytes, name, max_pixels);
    case ImageFormat::png:
      return detail::decode_png(bytes, name, max_pixels);
    case ImageFormat::webp:
      return detail::decode_webp(bytes, name, max_pixels);
    case ImageFormat::unknown:
      break;
  }
  throw DataError("{}: this is neither JPEG nor PNG nor WebP", name);
}

PixelBox smallest_around(const PixelBox& a, const PixelBox& b) {
  const int64_t top = std::min(a.top, b.top), left = std::min(a.left, b.left);
  const int64_t bottom = std::max(a.top + a.height, b.top + b.height);
  const int64_t right = std::max(a.left + a.width, b.left + b.width);
  return {top, left, bottom - top, right - left};
}

void decode_planes(std::span<const uint8_t> bytes, const std::string& name, const Room& room,
                   const Window& window, int64_t max_pixels) {
  if (sniff_image(bytes) == ImageFormat::jpeg &&
      detail::decode_jpeg_planes(bytes, name, room, window, max_pixels)) {
    return;
  }
  const Image image = decode_image(bytes, name, max_pixels);
  uint8_t* out = room(image.channels, image.height, image.width);
  const int64_t plane = image.height * image.width;
  for (int64_t c = 0; c < image.channels; ++c) {
    const uint8_t* from = image.pixels.data() + c;
    for (int64_t i = 0; i < plane; ++i) *out++ = from[i * image.channels];
  }
}

Image read_image(const std::filesystem::path& path) {
  return decode_image(read_bytes(path), path.string());
}

}  // namespace likewise
