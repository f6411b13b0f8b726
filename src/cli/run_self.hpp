#pragma once

#include <string>
#include <vector>

namespace likewise::cli {

// Runs the program itself with other words and waits; the exit code. Throws UserError when it
// cannot be started.
int run_self(const std::vector<std::string>& words);

}  // namespace likewise::cli
