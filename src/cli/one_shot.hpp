#pragma once
// likewise fewshot --runs.

#include <string>
#include <vector>

namespace likewise::cli {

// `uses` is the head of the help text.
int run_one_shot(const std::vector<std::string>& words, const char* uses);

}  // namespace likewise::cli
