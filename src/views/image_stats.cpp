#include "likewise/views/image_stats.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "likewise/base/error.hpp"
#include "views/image_tensor.hpp"

namespace likewise {
namespace {

// Of the mean over channels of one image.
struct ShapeOfValues {
  double two_valued = 0.0, plain_border = 0.0, border = 0.0;
};

ShapeOfValues shape_of_values(const std::vector<uint8_t>& grey, int64_t height, int64_t width) {
  ShapeOfValues result;
  std::vector<uint8_t> edge;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      if (y == 0 || x == 0 || y + 1 == height || x + 1 == width) {
        edge.push_back(grey[static_cast<size_t>(y * width + x)]);
      }
    }
  }
  const auto middle = edge.begin() + static_cast<std::ptrdiff_t>(edge.size() / 2);
  std::nth_element(edge.begin(), middle, edge.end());
  const int border = *middle;
  result.border = border / 255.0;
  const auto near = std::count_if(edge.begin(), edge.end(),
                                  [border](int v) { return std::abs(v - border) <= 25; });
  result.plain_border = static_cast<double>(near) / static_cast<double>(edge.size());

  const auto [low, high] = std::minmax_element(grey.begin(), grey.end());
  const double span = *high - *low;
  if (span < 32.0) return result;  // an empty image is not a sign
  const double lower = *low + 0.2 * span, upper = *high - 0.2 * span;
  const auto outer =
      std::count_if(grey.begin(), grey.end(), [=](double v) { return v <= lower || v >= upper; });
  result.two_valued = static_cast<double>(outer) / static_cast<double>(grey.size());
  return result;
}

int64_t median(std::vector<int64_t> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

}  // namespace

bool ImageStats::letter_like() const {
  // MNIST measures (.94, 1.00), rendered type (.91, 1.00), USPS (.86, .83); Fashion-MNIST, which is
  // not, (.73, .89); photographs are below (.4, .6). Colour counts against the contrast of the ink.
  const double contrast = std.empty() ? 0.0 : std[0];
  return colour < 0.07 * contrast && two_valued >= 0.8 && plain_border >= 0.75;
}

ImageStats measure_images(const std::vector<Tensor>& u8_images) {
  if (u8_images.empty()) throw DataError("there is no image to measure");
  ImageStats stats;
  std::vector<int64_t> heights, widths, borders;
  std::array<double, 3> sum{}, squares{};
  double values = 0.0;
  int64_t colour_images = 0;
  for (const Tensor& x : u8_images) {
    const Tensor image = checked_image(x, "measure_images", true);
    if (image.scalar_type() != at::kByte) {
      throw UserError("measure_images: an image has type {}; accepted is uint8",
                      c10::toString(image.scalar_type()));
    }
    const auto shape = shape_of(image);
    const uint8_t* data = image.data_ptr<uint8_t>();
    const int64_t plane = shape.plane(), last = shape.channels - 1;
    std::vector<uint8_t> grey(static_cast<size_t>(plane));
    std::array<double, 3> image_sum{}, image_squares{};
    double spread = 0.0;
    for (int64_t i = 0; i < plane; ++i) {
      int least = 255, most = 0, total = 0;
      for (size_t c = 0; c < 3; ++c) {  // a grey image counts as three equal channels
        const int v = data[std::min(static_cast<int64_t>(c), last) * plane + i];
        image_sum[c] += v;
        image_squares[c] += v * v;
        least = std::min(least, v);
        most = std::max(most, v);
        total += v;
      }
      spread += most - least;
      grey[static_cast<size_t>(i)] = static_cast<uint8_t>(total / 3);
    }
    for (size_t c = 0; c < 3; ++c) {  // every image counts the same, however large
      sum[c] += image_sum[c] / 255.0 / static_cast<double>(plane);
      squares[c] += image_squares[c] / (255.0 * 255.0) / static_cast<double>(plane);
    }
    values += 1.0;
    const ShapeOfValues found = shape_of_values(grey, shape.height, shape.width);
    stats.two_valued += found.two_valued;
    stats.plain_border += found.plain_border;
    stats.colour += spread / 255.0 / static_cast<double>(plane);
    borders.push_back(std::lround(found.border * 255.0));
    heights.push_back(shape.height);
    widths.push_back(shape.width);
    colour_images += shape.channels == 3;
  }
  stats.two_valued /= values;
  stats.plain_border /= values;
  stats.colour /= values;
  stats.background = static_cast<double>(median(borders)) / 255.0;
  stats.channels = 2 * colour_images >= static_cast<int64_t>(u8_images.size()) ? 3 : 1;
  stats.height = median(heights);
  stats.width = median(widths);
  for (size_t i = 0; i < heights.size(); ++i) {
    stats.varied_sizes |= heights[i] != stats.height || widths[i] != stats.width;
  }
  // One channel from colour images takes their mean channel: close enough to scale the input.
  const size_t channels = stats.channels == 3 ? 3 : 1;
  for (size_t c = 0; c < channels; ++c) {
    double first = sum[c] / values, second = squares[c] / values;
    if (channels == 1) {
      first = (sum[0] + sum[1] + sum[2]) / (3.0 * values);
      second = (squares[0] + squares[1] + squares[2]) / (3.0 * values);
    }
    const double variance = std::max(0.0, second - first * first);
    stats.mean.push_back(first);
    stats.std.push_back(variance > 1e-8 ? std::sqrt(variance) : 1.0);
  }
  return stats;
}

}  // namespace likewise
