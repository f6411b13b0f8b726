#pragma once
// A view: a random transformation that keeps what matters.

#include <functional>
#include <vector>

#include "likewise/base/random.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// Pure given rng: equal inputs and equal streams give equal outputs. Image views take and return
// contiguous float [C, H, W] with values in [0, 1] (before normalisation).
using View = std::function<Tensor(const Tensor& x, Rng& rng)>;

// Applies the views one after another, all drawing from the same stream.
View compose(std::vector<View> views);

}  // namespace likewise
