#include "likewise/formats/series_table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

namespace {

using Cells = std::vector<std::string_view>;

std::string_view stripped(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '"')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '"' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

// The lines of a text that are not blank, with their numbers.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {
    if (rest_.substr(0, 3) == "\xef\xbb\xbf") rest_.remove_prefix(3);
  }
  bool next(std::string_view& line) {
    while (!rest_.empty()) {
      const size_t end = std::min(rest_.find('\n'), rest_.size());
      line = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++number_;
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (line.find_first_not_of(" \t") != std::string_view::npos) return true;
    }
    return false;
  }
  int64_t number() const { return number_; }

 private:
  std::string_view rest_;
  int64_t number_ = 0;
};

char delimiter_of(std::string_view line) {
  const auto count = [&](char c) { return std::count(line.begin(), line.end(), c); };
  char best = ',';
  for (const char c : {';', '\t'}) {
    if (count(c) > 0 && (c == ';' || count(c) >= count(best))) best = c;
  }
  return count(best) > 0 ? best : ' ';
}

void split_fields(std::string_view line, char delimiter, Cells& fields) {
  fields.clear();
  if (delimiter == ' ') {
    while (true) {
      const size_t start = line.find_first_not_of(' ');
      if (start == std::string_view::npos) return;
      line.remove_prefix(start);
      const size_t end = std::min(line.find(' '), line.size());
      fields.push_back(line.substr(0, end));
      line.remove_prefix(end);
    }
  }
  for (;;) {
    const size_t end = std::min(line.find(delimiter), line.size());
    fields.push_back(stripped(line.substr(0, end)));
    if (end == line.size()) return;
    line.remove_prefix(end + 1);
  }
}

// Nothing for text. Empty fields and "nan", "na", "null" are NaN.
std::optional<double> number_of(std::string_view field, char delimiter) {
  constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
  if (field.empty()) return kNothing;
  char buffer[64];
  if (field.front() == '+') field.remove_prefix(1);
  if (delimiter == ';' && field.size() < sizeof buffer &&
      field.find(',') != std::string_view::npos) {
    std::copy(field.begin(), field.end(), buffer);
    std::replace(buffer, buffer + field.size(), ',', '.');
    field = {buffer, field.size()};
  }
  double value = 0;
  const auto [end, failed] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (failed == std::errc() && end == field.data() + field.size()) {
    return std::isfinite(value) ? value : kNothing;
  }
  const std::string folded = lower(field);
  for (const char* nothing : {"nan", "na", "n/a", "null", "none", "-"}) {
    if (folded == nothing) return kNothing;
  }
  return {};
}

bool all_numbers(const Cells& fields, char delimiter) {
  return std::all_of(fields.begin(), fields.end(), [&](std::string_view field) {
    return !field.empty() && number_of(field, delimiter).has_value();
  });
}

constexpr const char* kTimeNames[] = {"timestamp", "time",    "time_s",  "time_ms",
                                      "t",         "seconds", "datetime"};
constexpr const char* kLabelNames[] = {"label", "class", "activity"};

// Position of the column `asked`; -1 for none.
template <size_t N>
int64_t find_column(const std::vector<std::string>& header, const std::string& asked,
                    const char* const (&usual)[N], const std::string& name) {
  if (asked == "none") return -1;
  const auto position = [&](const std::string& wanted) -> int64_t {
    for (size_t i = 0; i < header.size(); ++i) {
      if (header[i] == wanted || lower(header[i]) == wanted) return static_cast<int64_t>(i);
    }
    return -1;
  };
  if (asked != "auto") {
    const int64_t found = position(asked);
    if (found < 0) {
      throw DataError("{}: there is no column '{}', only: {}", name, asked, join(header, ", "));
    }
    return found;
  }
  for (const char* known : usual) {
    if (const int64_t found = position(known); found >= 0) return found;
  }
  return -1;
}

// What a second is: milliseconds since 1970 have 13 digits, micro- 16, nanoseconds 19.
double seconds_unit(double stamp) {
  const double size = std::abs(stamp);
  return size < 1e11 ? 1 : size < 1e14 ? 1e-3 : size < 1e17 ? 1e-6 : 1e-9;
}

}  // namespace

SeriesTable read_series(std::string_view text, const std::string& name,
                        const SeriesColumns& columns) {
  Lines lines(text);
  std::string_view line;
  if (!lines.next(line)) throw DataError("{}: the recording is empty", name);
  const char delimiter = delimiter_of(line);
  Cells fields;
  split_fields(line, delimiter, fields);
  const bool headless = all_numbers(fields, delimiter);
  std::vector<std::string> header;
  for (size_t i = 0; i < fields.size(); ++i) {
    header.push_back(headless ? std::to_string(i) : std::string(fields[i]));
  }
  bool pending = headless || lines.next(line);
  if (!pending) throw DataError("{}: the recording has a first line and no rows", name);

  const int64_t time = find_column(header, columns.time, kTimeNames, name);
  const int64_t label = find_column(header, columns.label, kLabelNames, name);
  SeriesTable table;
  std::vector<int64_t> chosen;
  split_fields(line, delimiter, fields);
  if (columns.channels.empty()) {
    for (size_t i = 0; i < header.size() && i < fields.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      if (at == time || at == label || header[i].empty()) continue;
      if (number_of(fields[i], delimiter)) {
        chosen.push_back(at);
      } else {
        table.left_out.push_back(header[i]);
      }
    }
    if (chosen.empty()) {
      throw DataError("{}:{}: no column holds numbers; found: {}", name, lines.number(),
                      shorten(line, 80));
    }
  }
  for (const std::string& wanted : columns.channels) {
    const char* const exact[] = {""};
    chosen.push_back(find_column(header, wanted, exact, name));
  }
  for (const int64_t at : chosen) table.channels.push_back(header[static_cast<size_t>(at)]);
  table.values.resize(chosen.size());
  double unit = 0;
  for (; pending; pending = lines.next(line)) {
    split_fields(line, delimiter, fields);
    if (fields.size() != header.size()) {
      throw DataError("{}:{}: {} fields, but the first line has {} (separated by '{}'): {}", name,
                      lines.number(), fields.size(), header.size(),
                      delimiter == '\t' ? "\\t" : std::string(1, delimiter), shorten(line, 60));
    }
    const auto number = [&](int64_t at) {
      const auto value = number_of(fields[static_cast<size_t>(at)], delimiter);
      if (!value) {
        throw DataError("{}:{}: column '{}' holds '{}', not a number", name, lines.number(),
                        header[static_cast<size_t>(at)],
                        shorten(fields[static_cast<size_t>(at)], 40));
      }
      return *value;
    };
    for (size_t c = 0; c < chosen.size(); ++c) {
      table.values[c].push_back(static_cast<float>(number(chosen[c])));
    }
    if (label >= 0) table.labels.emplace_back(fields[static_cast<size_t>(label)]);
    if (time < 0) continue;
    const double stamp = number(time);
    if (std::isnan(stamp))
      throw DataError("{}:{}: the time stamp is missing", name, lines.number());
    if (unit == 0) unit = seconds_unit(stamp);
    if (!table.time.empty() && stamp * unit < table.time.back()) {
      throw DataError("{}:{}: the time stamp {} is {:.6g} s earlier than the one before", name,
                      lines.number(), fields[static_cast<size_t>(time)],
                      table.time.back() - stamp * unit);
    }
    table.time.push_back(stamp * unit);
  }
  return table;
}

SeriesTable read_series_file(const std::filesystem::path& path, const SeriesColumns& columns) {
  return read_series(read_text(path), path.string(), columns);
}

bool looks_like_series(std::string_view text) {
  Lines lines(text);
  std::string_view first, second;
  if (!lines.next(first)) return false;
  const char delimiter = delimiter_of(first);
  Cells fields;
  if (lines.next(second)) first = second;
  split_fields(first, delimiter, fields);
  const auto numbers = std::count_if(fields.begin(), fields.end(), [&](std::string_view field) {
    return !field.empty() && number_of(field, delimiter).has_value();
  });
  return numbers >= 2 || (numbers == 1 && fields.size() == 1);
}

}  // namespace likewise
