#pragma once
// Views with their options and the statistics they were resolved for.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core.hpp"
#include "likewise/views/recipes.hpp"

namespace likewise::python {

struct ViewSet {
  ViewSet(const Texts& options, const Texts& stats, bool elementary);
  ImageStats stats;
  ImageViewOptions resolved;
  std::vector<View> train, evaluate;
};

}  // namespace likewise::python
