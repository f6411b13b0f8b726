// Where the tests find the tree they belong to. Only paths.cpp knows the paths, so that every other
// test compiles to the same bytes in every checkout and a compiler's cache serves them all.
#pragma once

#include <string>

namespace likewise {

// The folder of the golden values, tests/golden.
const std::string& golden_folder();

// The folder that holds src, include and tests.
const std::string& source_folder();

// The program built beside the tests; it may be missing where only libraries are built.
const std::string& program_file();

}  // namespace likewise
