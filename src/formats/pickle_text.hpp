#pragma once
// Texts and numbers of pickle's protocol 0, which are written as Python would print them.

#include <optional>
#include <string>
#include <string_view>

namespace likewise::detail {

// 'it''s' in quotes of either kind, with escapes \\ \' \" \n \r \t \xHH.
std::optional<std::string> pickle_string(std::string_view line);
// With escapes \uHHHH and \UHHHHHHHH; bytes above 127 are Latin-1. Gives UTF-8.
std::optional<std::string> pickle_unicode(std::string_view line);
// "1.5", "1e400" (infinite), "inf", "-inf", "nan".
std::optional<double> pickle_real(std::string_view line);

}  // namespace likewise::detail
