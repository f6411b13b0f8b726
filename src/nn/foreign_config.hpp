#pragma once
// What weights do not say by their shapes: heads, activation, how pixels are prepared.

#include "likewise/nn/foreign.hpp"
#include "nn/weight_names.hpp"

namespace likewise::detail {

// From the configuration beside the weights, else from the habits of the family.
void apply_config(const WeightFile& file, const WeightFamily& family, ForeignEncoder& out);

}  // namespace likewise::detail
