#pragma once
// Forgiving access to JSON that others wrote: a missing or mistyped entry is NaN, "" or null.

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace likewise::report {

using Json = nlohmann::json;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double as_number(const Json& value);
std::string as_text(const Json& value);
double number(const Json& object, const char* key);
std::string text(const Json& object, const char* key);
const Json& child(const Json& object, const char* key);  // null when absent
const Json& list(const Json& object, const char* key);   // an empty array when absent or no array
std::vector<std::string> texts(const Json& array);

// Parses text in which NaN, Infinity and -Infinity may stand for a number (they become null).
// Discarded (`is_discarded()`) when it is no JSON.
Json parse_forgiving(const std::string& source);

// Compact JSON that may stand inside a <script> element.
std::string script_json(const Json& value);

}  // namespace likewise::report
