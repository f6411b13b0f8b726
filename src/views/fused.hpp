#pragma once
// A training view in few passes over the image, on vectors of the best instruction set. It draws
// what the chain of elementary views draws, and gives what that gives, to 1e-5.

#include "likewise/views/recipes.hpp"

namespace likewise {

View fused_view(const ImageViewOptions& resolved, const ImageStats& data, int64_t size,
                double crop_min, double crop_max);

}  // namespace likewise
