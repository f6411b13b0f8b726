#pragma once

#include <string>
#include <vector>

namespace likewise::cli {

// likewise views budget: `words` behind those two.
int run_views_budget(const std::vector<std::string>& words);

}  // namespace likewise::cli
