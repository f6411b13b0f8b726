#pragma once
// A view: a random transformation that keeps what matters.

#include <vector>

#include "likewise/data/transform.hpp"

namespace likewise {

// Image views take and return contiguous float [C, H, W] with values in [0, 1] (before
// normalisation).
using View = Transform;

// Applies the views one after another, all drawing from the same stream.
View compose(std::vector<View> views);

}  // namespace likewise
