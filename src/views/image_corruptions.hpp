#pragma once
// The fifteen corruptions of images.

#include "likewise/views/corruptions.hpp"

namespace likewise::detail {

std::vector<Corruption> image_corruptions();

}  // namespace likewise::detail
