#pragma once
// TOML from strangers: the one place where text becomes a table.

#include <string>
#include <string_view>

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

namespace likewise::detail {

// Throws UserError with `name`, line and column: not TOML, or made to exhaust the stack (dotted
// keys and headers nest as deeply as they are long; the library and every walk over a table
// recurse).
toml::table parse_toml(std::string_view text, const std::string& name);

}  // namespace likewise::detail
