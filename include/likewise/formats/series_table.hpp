#pragma once
// Recordings as text: a row a moment, a column a channel. Torch-free.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace likewise {

struct SeriesColumns {
  std::vector<std::string> channels;  // wanted, in this order; empty: all columns of numbers
  std::string time = "auto";   // name of the time stamps' column; auto: time, timestamp, ...; none
  std::string label = "auto";  // name of the classes' column; auto: label, class, activity; none
};

struct SeriesTable {
  std::vector<std::string> channels;
  std::vector<std::vector<float>> values;  // [channel][row]; NaN where the field is empty or nan
  std::vector<double> time;                // seconds, [row]; empty when there is no such column
  std::vector<std::string> labels;         // [row]; empty when there is no such column
  std::vector<std::string> left_out;       // columns of text that were not asked for
  int64_t rows() const { return values.empty() ? 0 : static_cast<int64_t>(values[0].size()); }
};

// Parses comma-, semicolon-, tab- or space-separated text. The first line names the columns unless
// it holds only numbers; then they are called 0, 1, 2, ... With semicolons a decimal comma is
// understood. Time stamps are seconds, or, when they are too large to be that since 1970, milli-,
// micro- or nanoseconds. Throws DataError with name and line: no rows, another number of fields
// than the first line, a wanted column that is not there (naming those that are), text in a column
// of numbers, a time stamp that is missing or earlier than the one before.
SeriesTable read_series(std::string_view text, const std::string& name,
                        const SeriesColumns& columns = {});
SeriesTable read_series_file(const std::filesystem::path& path, const SeriesColumns& columns = {});

// Whether a text looks like a recording rather than a list of files: its second line holds two
// numbers or more, or one and nothing else.
bool looks_like_series(std::string_view text);

}  // namespace likewise
