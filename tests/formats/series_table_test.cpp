// Recordings as text: separators, columns, time stamps, and what is wrong with them.
#include "likewise/formats/series_table.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/hostile.hpp"

namespace likewise::series_tests {
namespace {

using Names = std::vector<std::string>;

TEST(SeriesTable, ReadsColumnsTimeAndLabels) {
  const auto table = read_series(
      "x,y,timestamp,label\n1,2,1657533977814,sit\n3,,1657533977864,sit\n5,nan,1657533977914,"
      "walk\n",
      "a");
  EXPECT_EQ(table.channels, (Names{"x", "y"}));
  EXPECT_EQ(table.values[0], (std::vector<float>{1, 3, 5}));
  EXPECT_EQ(table.values[1][0], 2);
  EXPECT_TRUE(std::isnan(table.values[1][1]) && std::isnan(table.values[1][2]));
  EXPECT_EQ(table.labels, (Names{"sit", "sit", "walk"}));
  EXPECT_NEAR(table.time[2] - table.time[0], 0.1, 1e-6);
}

TEST(SeriesTable, UnderstandsSeparatorsAndFilesWithoutNames) {
  for (const char* text : {"1,2\n3,4\n", "1;2\r\n3;4\r\n", "1\t2\n3\t4", "  1 2\n  3  4\n",
                           "\xef\xbb\xbf"
                           "1,2\n\n3,4\n"}) {
    SCOPED_TRACE(text);
    const auto table = read_series(text, "a");
    EXPECT_EQ(table.channels, (Names{"0", "1"}));
    EXPECT_EQ(table.values[1], (std::vector<float>{2, 4}));
  }
  EXPECT_EQ(read_series("a;b\n1,5;2\n", "a").values[0][0], 1.5F) << "a decimal comma";
}

TEST(SeriesTable, TextColumnsAreLeftOutUnlessAskedFor) {
  const auto table = read_series("who,x\nann,1\n", "a");
  EXPECT_EQ(table.channels, (Names{"x"}));
  EXPECT_EQ(table.left_out, (Names{"who"}));
}

std::string message(const std::string& text, const SeriesColumns& columns = {}) {
  try {
    read_series(text, "a.csv", columns);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(SeriesTable, MistakesAreNamedWithTheirLine) {
  const auto has = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  has(message(""), "empty");
  has(message("x,y\n"), "no rows");
  has(message("x,y\n1,2\n3\n"), "a.csv:3: 1 fields");
  has(message("x,y\n1;2\n3;4\n"), "a.csv:2");
  has(message("x,y\n1,2\n3,four\n"), "a.csv:3: column 'y' holds 'four'");
  has(message("x,y\n1,2\n", {{"z"}, "auto", "auto"}), "no column 'z', only: x, y");
  has(message("x,who\n1,ann\n", {{"who"}, "auto", "auto"}), "holds 'ann', not a number");
  has(message("time,x\n2,1\n1,1\n"), "a.csv:3: the time stamp 1 is 1 s earlier");
  has(message("time,x\n,1\n"), "time stamp is missing");
  has(message("a,b\nred,blue\n"), "no column holds numbers");
  has(message("x,y\n1,2\n", {{}, "when", "auto"}), "no column 'when'");
}

TEST(SeriesTable, DamageIsRefusedOrSurvived) {
  const std::string text = "x,y,time\n1,2,0.5\n3.5,-4e2,1.5\n";
  const std::vector<uint8_t> bytes(text.begin(), text.end());
  const ByteReader reader = [](std::span<const uint8_t> raw) {
    read_series({reinterpret_cast<const char*>(raw.data()), raw.size()}, "x");
  };
  expect_truncations_survived(reader, bytes, "series");
  expect_bit_flips_survived(reader, bytes, "series");
}

TEST(SeriesTable, ListsOfFilesAreNoRecordings) {
  EXPECT_TRUE(looks_like_series("x,y,label\n1,2,walk\n"));
  EXPECT_TRUE(looks_like_series("1 2\n"));
  EXPECT_FALSE(looks_like_series("image,label\na.png,1\n"));
  EXPECT_FALSE(looks_like_series("a.png,cat\nb.png,dog\n"));
  EXPECT_FALSE(looks_like_series(""));
}

}  // namespace
}  // namespace likewise::series_tests
