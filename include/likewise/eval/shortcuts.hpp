#pragma once
// Cues that tell two views of a sample apart from the rest without any understanding of it.

#include <string>
#include <vector>

#include "likewise/tensor.hpp"

namespace likewise {

struct Shortcut {
  std::string name;      // "colour", "position", "noise"
  double retrieval = 0;  // share of samples whose other view is the nearest of all by this cue alone
};

// Every cue of two views of the same N images, [N, C, H, W] each, in units of their difference within pairs:
//   colour    mean and deviation of every channel
//   position  centre and extent of what deviates from the image's mean, down and across
//   noise     logarithm of the energy of second differences at one and two pixels: sensor noise and
//             compression leave it alike in both views
// Retrieval by chance is 1/N. What retrieves, a loss can learn instead of the content.
std::vector<Shortcut> measure_shortcuts(const Tensor& view0, const Tensor& view1);

// A sentence naming the strongest cue that retrieves at least a third, with the cure; else empty.
std::string shortcut_warning(const std::vector<Shortcut>& cues, int64_t samples);

}  // namespace likewise
