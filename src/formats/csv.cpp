#include "likewise/formats/csv.hpp"

#include <algorithm>
#include <set>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

namespace {

// Walks through the text once, counting lines.
class CsvScanner {
 public:
  CsvScanner(std::string_view text, char delimiter, const std::string& name)
      : text_(text), delimiter_(delimiter), name_(name) {}

  // The next row that is not blank; false at the end.
  bool next(CsvRow& row) {
    while (at_ < text_.size() && accept_line_break()) {
    }
    if (at_ == text_.size()) return false;
    row.line = line_;
    row.fields.clear();
    for (;;) {
      const bool quote = at_ < text_.size() && text_[at_] == '"';
      row.fields.push_back(quote ? quoted() : plain());
      if (at_ == text_.size() || accept_line_break()) return true;
      if (text_[at_] != delimiter_) {
        throw DataError("{}:{}: text after the closing quote of a field", name_, line_);
      }
      ++at_;
    }
  }

 private:
  bool accept_line_break() {
    const size_t before = at_;
    if (text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    if (at_ == before) return false;
    ++line_;
    return true;
  }

  std::string plain() {
    const size_t start = at_;
    while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n' &&
           text_[at_] != '\r') {
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  std::string quoted() {
    const int64_t start = line_;
    std::string field;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        if (at_ == text_.size() || text_[at_] != '"') return field;
      } else if (text_[at_] == '\n') {
        ++line_;
      }
      field += text_[at_];
    }
    throw DataError("{}:{}: the quote that opens here does not close", name_, start);
  }

  std::string_view text_;
  char delimiter_;
  const std::string& name_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

char csv_delimiter(std::string_view text) {
  int64_t tabs = 0, commas = 0;
  bool inside = false, begun = false;
  for (const char c : text) {
    if (c == '"') inside = !inside;
    if (inside) continue;
    if ((c == '\n' || c == '\r') && begun) break;
    begun = begun || (c != '\n' && c != '\r');
    tabs += c == '\t';
    commas += c == ',';
  }
  return tabs > 0 && tabs >= commas ? '\t' : ',';
}

}  // namespace

bool CsvTable::has_column(std::string_view column) const {
  return std::find(header.begin(), header.end(), column) != header.end();
}

size_t CsvTable::column(std::string_view wanted) const {
  const auto found = std::find(header.begin(), header.end(), wanted);
  if (found == header.end()) {
    throw DataError("{}: there is no column '{}'{}", name, wanted, did_you_mean(wanted, header));
  }
  return static_cast<size_t>(found - header.begin());
}

CsvTable read_csv(std::string_view text, const std::string& name) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  CsvTable table;
  table.name = name;
  table.delimiter = csv_delimiter(text);
  CsvScanner scanner(text, table.delimiter, name);
  CsvRow row;
  if (!scanner.next(row)) throw DataError("{}: the table is empty; a header line is needed", name);
  table.header = std::move(row.fields);
  std::set<std::string> seen;
  for (const auto& column : table.header) {
    if (!seen.insert(column).second) {
      throw DataError("{}:{}: the header has column '{}' twice", name, row.line, column);
    }
  }
  row = {};
  while (scanner.next(row)) {
    if (row.fields.size() != table.header.size()) {
      throw DataError("{}:{}: the row has {} fields; the header has {}", name, row.line,
                      row.fields.size(), table.header.size());
    }
    table.rows.push_back(std::move(row));
    row = {};
  }
  return table;
}

CsvTable read_csv_file(const std::filesystem::path& path) {
  return read_csv(read_text(path), path.string());
}

std::string csv_escape(std::string_view field, char delimiter) {
  // A byte order mark at the start of a table would be passed over when it is read.
  const bool mark = field.substr(0, 3) == "\xef\xbb\xbf";
  const bool outer_space = !field.empty() && (field.front() == ' ' || field.back() == ' ');
  // Tabs and commas both: the reader counts them to find the delimiter.
  if (!outer_space && !mark && field.find_first_of("\"\r\n\t,") == std::string_view::npos &&
      field.find(delimiter) == std::string_view::npos) {
    return std::string(field);
  }
  std::string out = "\"";
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string csv_line(const std::vector<std::string>& fields, char delimiter) {
  if (fields.size() == 1 && fields[0].empty()) return "\"\"\n";  // would be a blank line
  std::string line;
  for (const auto& field : fields) {
    line += csv_escape(field, delimiter);
    line += delimiter;
  }
  if (!line.empty()) line.pop_back();
  return line + "\n";
}

}  // namespace likewise
