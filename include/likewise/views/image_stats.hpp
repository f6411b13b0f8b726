#pragma once
// What a few hundred images tell of their kind: enough to choose views without asking.

#include <cstdint>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct ImageStats {
  int64_t height = 0, width = 0;  // typical (median)
  int64_t channels = 3;           // of most images: 1 or 3
  bool varied_sizes = false;      // not all images have the typical size
  std::vector<double> mean, std;  // [channels], of values in [0, 1]; std is never 0
  double colour = 0.0;            // mean of max - min over the channels; 0 for grey images
  double two_valued = 0.0;        // mean part of pixels in the outer fifths of an image's range
  double plain_border = 0.0;      // mean part of border pixels close to the image's border median
  double background = 0.0;        // median over images of the border median, in [0, 1]

  // Drawn or printed signs on plain ground: nearly two-valued, nearly without colour.
  bool letter_like() const;

  template <class V>
  void fields(V& v) {
    v("height", height, "typical height in pixels", range(1, 1e6));
    v("width", width, "typical width in pixels", range(1, 1e6));
    v("channels", channels, "channels of most images", range(1, 3));
    v("varied_sizes", varied_sizes, "whether sizes differ");
    v("mean", mean, "mean of each channel, values in 0..1");
    v("std", std, "standard deviation of each channel, values in 0..1");
    v("colour", colour, "mean difference between the largest and smallest channel", range(0, 1));
    v("two_valued", two_valued, "part of pixels near an image's darkest or brightest", range(0, 1));
    v("plain_border", plain_border, "part of border pixels of one value", range(0, 1));
    v("background", background, "typical value at the border", range(0, 1));
  }
};

// Images are uint8 [C, H, W], C = 1 or 3. Throws DataError when there is none, UserError for
// another shape or type.
ImageStats measure_images(const std::vector<Tensor>& u8_images);

}  // namespace likewise
