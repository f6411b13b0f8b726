#include "likewise/formats/csv.hpp"

#include <gtest/gtest.h>

#include "support/hostile.hpp"

namespace likewise {
namespace {

using Fields = std::vector<std::string>;

std::string csv_message(std::string_view text) {
  try {
    read_csv(text, "t.csv");
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Csv, ReadsQuotesLineBreaksAndNumbersLines) {
  const CsvTable table = read_csv(
      "\xef\xbb\xbfpath,label\r\na.jpg,cat\r\n\r\n\"b, \"\"big\"\".jpg\",\"two\nlines\"\r\n,5\" x",
      "t.csv");
  EXPECT_EQ(table.header, (Fields{"path", "label"}));
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0].fields, (Fields{"a.jpg", "cat"}));
  EXPECT_EQ(table.rows[0].line, 2);
  EXPECT_EQ(table.rows[1].fields, (Fields{"b, \"big\".jpg", "two\nlines"}));
  EXPECT_EQ(table.rows[1].line, 4);
  EXPECT_EQ(table.rows[2].fields, (Fields{"", "5\" x"}));
  EXPECT_EQ(table.rows[2].line, 6);
}

TEST(Csv, FindsTheDelimiterInTheHeader) {
  EXPECT_EQ(read_csv("filepath\ttitle\na.jpg\tred, round\n", "t").rows[0].fields,
            (Fields{"a.jpg", "red, round"}));
  EXPECT_EQ(read_csv("a,\"b\tc\td\"\n1,2\n", "t").delimiter, ',');
  EXPECT_EQ(read_csv("only\n1\n\"\"\n", "t").rows.size(), 2u);
}

TEST(Csv, KeepsEmptyFieldsAtTheEnd) {
  const CsvTable table = read_csv("a,b,c\n1,,\n,,", "t");
  EXPECT_EQ(table.rows[0].fields, (Fields{"1", "", ""}));
  EXPECT_EQ(table.rows[1].fields, (Fields{"", "", ""}));
}

TEST(Csv, NamesTheLineOfAMistake) {
  EXPECT_EQ(csv_message(""), "t.csv: the table is empty; a header line is needed");
  EXPECT_EQ(csv_message("\n\r\n"), "t.csv: the table is empty; a header line is needed");
  EXPECT_EQ(csv_message("a,b\n1,2\n3\n"), "t.csv:3: the row has 1 fields; the header has 2");
  EXPECT_EQ(csv_message("a,b\n1,\"2\n3\n"), "t.csv:2: the quote that opens here does not close");
  EXPECT_EQ(csv_message("a,b\n1,\"2\"x\n"), "t.csv:2: text after the closing quote of a field");
  EXPECT_EQ(csv_message("a,a\n"), "t.csv:1: the header has column 'a' twice");
  const CsvTable table = read_csv("path,label\n", "t.csv");
  EXPECT_EQ(table.column("label"), 1u);
  EXPECT_FALSE(table.has_column("lable"));
  try {
    table.column("lable");
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "t.csv: there is no column 'lable', did you mean 'label'?");
  }
}

TEST(Csv, ReadsBackWhatItEscaped) {
  EXPECT_EQ(csv_escape("plain"), "plain");
  EXPECT_EQ(csv_escape("a,b"), "\"a,b\"");
  // The other delimiter, too: in a header it would be counted.
  EXPECT_EQ(csv_escape("a,b", '\t'), "\"a,b\"");
  EXPECT_EQ(csv_escape("a\tb"), "\"a\tb\"");
  EXPECT_EQ(read_csv(csv_line({"q", "#\tx"}), "t").header, (Fields{"q", "#\tx"}));
  EXPECT_EQ(csv_escape("say \"x\""), "\"say \"\"x\"\"\"");
  for (const char delimiter : {',', '\t'}) {
    for (int columns : {1, 2, 3}) {
      Rng rng(3, {static_cast<uint64_t>(columns)});
      const std::string letters = "ab,\t\"\r\n ;\xc3\xa9";
      Fields header;
      for (int i = 0; i < columns; ++i) header.push_back("c" + std::to_string(i));
      if (columns == 1 && delimiter == '\t') continue;  // nothing tells the delimiter
      std::string text = csv_line(header, delimiter);
      std::vector<Fields> rows(200, Fields(static_cast<size_t>(columns)));
      for (auto& row : rows) {
        for (auto& field : row) {
          for (int64_t n = rng.below(5); n > 0; --n) {
            field += letters[static_cast<size_t>(rng.below(static_cast<int64_t>(letters.size())))];
          }
        }
        text += csv_line(row, delimiter);
      }
      const CsvTable table = read_csv(text, "t");
      ASSERT_EQ(table.rows.size(), rows.size());
      for (size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(table.rows[i].fields, rows[i]) << i;
    }
  }
}

TEST(Csv, DamageGivesAnErrorAndNothingElse) {
  const std::string text = "path,\"la\"\"bel\"\r\n\"a,\nb\",c\r\nd,\"\"\r\n";
  const ByteReader reader = [](std::span<const uint8_t> bytes) {
    read_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "t");
  };
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  expect_truncations_survived(reader, bytes, "csv");
  expect_bit_flips_survived(reader, bytes, "csv", 2000);
}

}  // namespace
}  // namespace likewise
