// Texts that people and other programs write.
#include "data/shard_names.hpp"
#include "fuzz/targets.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/csv.hpp"

namespace likewise::fuzz {

void csv(Bytes bytes) {
  const CsvTable table = read_csv(as_text(bytes), "table");
  std::string text = csv_line(table.header, table.delimiter);
  for (const CsvRow& row : table.rows) {
    promise(row.fields.size() == table.header.size(), "as many fields as the header");
    text += csv_line(row.fields, table.delimiter);
  }
  const CsvTable again = read_csv(text, "again");
  promise(again.header == table.header && again.rows.size() == table.rows.size(),
          "a written table is the same");
  for (size_t i = 0; i < table.rows.size(); ++i) {
    promise(again.rows[i].fields == table.rows[i].fields, "a written row is the same");
  }
}

void words(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  promise(html_escape(text).find_first_of("<>\"") == std::string::npos, "nothing left to escape");
  promise(shorten(text, 8).size() <= 8 * 4 + 3, "at most so many characters");
  const size_t half = std::min<size_t>(text.size() / 2, 64);
  const int distance = edit_distance(text.substr(0, half), text.substr(half, 64));
  promise(distance >= 0 && distance <= 64, "a distance");
  did_you_mean(text.substr(0, half), split(text.substr(half), ','));
}

void shards(Bytes bytes) {
  const auto paths = detail::find_shards(std::string(as_text(bytes)));
  for (const auto& path : paths) detail::shard_part(path);
}

}  // namespace likewise::fuzz
