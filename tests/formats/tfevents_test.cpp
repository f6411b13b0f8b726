#include "likewise/formats/tfevents.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/golden.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

uint64_t event_integer(std::span<const uint8_t> bytes, size_t at, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | bytes[at + i];
  return value;
}

uint32_t event_unmask(uint64_t masked) {
  const auto rotated = static_cast<uint32_t>(masked) - 0xa282ead8u;
  return rotated >> 17 | rotated << 15;
}

// The messages of a file, with their checksums verified.
std::vector<std::vector<uint8_t>> event_records(const std::vector<uint8_t>& bytes) {
  std::vector<std::vector<uint8_t>> records;
  for (size_t at = 0; at < bytes.size();) {
    const std::span<const uint8_t> rest = std::span(bytes).subspan(at);
    const size_t length = event_integer(rest, 0, 8);
    EXPECT_EQ(event_unmask(event_integer(rest, 8, 4)), crc32c(rest.first(8)));
    EXPECT_EQ(event_unmask(event_integer(rest, 12 + length, 4)), crc32c(rest.subspan(12, length)));
    records.emplace_back(rest.begin() + 12, rest.begin() + 12 + static_cast<int64_t>(length));
    at += length + 16;
  }
  return records;
}

TEST(Crc32c, GivesTheKnownAnswers) {
  // RFC 3720, appendix B.4, and the usual check value.
  const std::string digits = "123456789";
  EXPECT_EQ(crc32c({reinterpret_cast<const uint8_t*>(digits.data()), digits.size()}), 0xe3069283u);
  EXPECT_EQ(crc32c(std::vector<uint8_t>(32, 0x00)), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::vector<uint8_t>(32, 0xff)), 0x62a8ab43u);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(EventWriter, WritesTheSameRecordsAsTensorBoard) {
  const TemporaryFolder folder;
  const Golden golden("formats");
  const auto& file = golden.entry("tensorboard_events").at("files")[0];
  const auto expected = event_records(read_bytes(Golden::path(file.at("file"))));
  ASSERT_EQ(expected.size(), file.at("records"));
  const auto path = folder / "logs/events.out.tfevents.1";
  {
    EventWriter writer(path, 1.7e9);
    // The golden file goes on by step, then by tag.
    for (const int step : {0, 10, 20}) {
      for (const char* tag : {"loss/train", "lr", "eval/knn"}) {
        for (const auto& point : file.at("scalars").at(tag)) {
          if (point[0] == step) writer.scalar(tag, step, point[1], 1.7e9 + step);
        }
      }
    }
  }
  auto got = event_records(read_bytes(path));
  ASSERT_EQ(got.size(), expected.size());
  // TensorBoard's first record names its writer, too.
  EXPECT_TRUE(std::equal(got[0].begin(), got[0].end(), expected[0].begin()));
  auto rest = std::vector(expected.begin() + 1, expected.end());
  got.erase(got.begin());
  std::sort(got.begin(), got.end());
  std::sort(rest.begin(), rest.end());
  EXPECT_EQ(got, rest);
}

TEST(EventWriter, FlushesAndNeverOverwrites) {
  const TemporaryFolder folder;
  const auto path = folder / event_file_name();
  EventWriter writer(path);
  writer.scalar("loss", 1, 0.5);
  writer.flush();
  EXPECT_EQ(event_records(read_bytes(path)).size(), 2u);
  for (int step = 0; step < 5000; ++step) writer.scalar("loss", step, NAN);
  EXPECT_GT(std::filesystem::file_size(path), 100000u);
  writer.flush();
  EXPECT_EQ(event_records(read_bytes(path)).size(), 5002u);
  EXPECT_THROW(EventWriter{path}, UserError);
  EXPECT_THROW(EventWriter{path / "below a file"}, UserError);
  EXPECT_NE(event_file_name(), event_file_name());
}

}  // namespace
}  // namespace likewise
