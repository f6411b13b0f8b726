#pragma once
// JSON of names that may be anything: file systems keep bytes, JSON keeps UTF-8.

#include <nlohmann/json.hpp>
#include <string>

namespace likewise::detail {

// What is not UTF-8 becomes the replacement character.
inline std::string json_text(const nlohmann::json& value, int indent = -1) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace likewise::detail
