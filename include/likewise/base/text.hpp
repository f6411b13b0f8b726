#pragma once
// Small things with text that messages and tables need.

#include <string>
#include <string_view>
#include <vector>

namespace likewise {

// Damerau-Levenshtein distance (insert, delete, replace, swap of neighbours).
int edit_distance(std::string_view a, std::string_view b);

// The up to `count` names closest to `word`, best first; only those that a misspelling explains
// (distance at most a third of the longer length, or one name is a part of the other).
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& names,
                                 int count = 3);

// ", did you mean 'a' or 'b'?" or, when nothing is near, "; there are: a, b, c".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& names);

std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::vector<std::string> split(std::string_view text, char separator);  // "" gives {}
std::string trim(std::string_view text);
std::string lower(std::string_view text);  // ASCII
bool starts_with_folded(std::string_view text, std::string_view prefix);

// 1234567 -> "1,234,567"; 75.3 -> "1 min 15 s"; 3500000 -> "3.3 MiB".
std::string format_count(int64_t n);
std::string format_duration(double seconds);
std::string format_bytes(int64_t bytes);

// At most `most` characters of UTF-8 text; what was cut is shown by an ellipsis.
std::string shorten(std::string_view text, size_t most);

// Whether all of it is UTF-8 (RFC 3629: shortest forms, no surrogates, up to U+10FFFF).
bool is_utf8(std::string_view text);

// Escapes & < > " for HTML.
std::string html_escape(std::string_view text);

}  // namespace likewise
