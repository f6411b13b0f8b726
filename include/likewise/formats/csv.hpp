#pragma once
// Tables with a header in comma- or tab-separated text (RFC 4180).

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace likewise {

struct CsvRow {
  int64_t line = 0;  // of the file, from 1, where the row starts
  std::vector<std::string> fields;
};

// A table; every row has as many fields as the header.
struct CsvTable {
  std::string name;  // for messages
  char delimiter = ',';
  std::vector<std::string> header;
  std::vector<CsvRow> rows;

  bool has_column(std::string_view column) const;
  // Throws DataError that names the columns there are.
  size_t column(std::string_view column) const;
};

// Reads a table. Fields may be quoted ("" stands for a quote) and then hold delimiters and line
// breaks; a byte order mark, CRLF and blank lines are passed over; the delimiter is a tab if the
// header has at least as many tabs as commas. Throws DataError with name and line: no header, a
// repeated column, another number of fields than the header, a quote that does not close, text
// after a closing quote.
CsvTable read_csv(std::string_view text, const std::string& name);
CsvTable read_csv_file(const std::filesystem::path& path);

// A field as it must be written: quoted when it holds the delimiter, a tab, a comma, a quote, a line
// break or outer spaces.
std::string csv_escape(std::string_view field, char delimiter = ',');

// A row with its line break.
std::string csv_line(const std::vector<std::string>& fields, char delimiter = ',');

}  // namespace likewise
