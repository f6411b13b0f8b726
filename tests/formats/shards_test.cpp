#include "likewise/formats/shards.hpp"

#include <gtest/gtest.h>

#include "support/hostile.hpp"

namespace likewise {
namespace {

void parse_index(std::span<const uint8_t> bytes) {
  parse_shard_index({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "memory");
}

bool index_refused(const std::string& text) {
  return refuses(parse_index, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}, text);
}

TEST(Shards, TheIndexSaysWhereTensorsLie) {
  const auto files = parse_shard_index(
      R"({"metadata":{"total_size":12},"weight_map":{"a":"m-1-of-2.safetensors","b.c":"m-2-of-2.safetensors"}})",
      "memory");
  EXPECT_EQ(files, (std::map<std::string, std::string>{{"a", "m-1-of-2.safetensors"},
                                                       {"b.c", "m-2-of-2.safetensors"}}));
}

TEST(Shards, OnlyFilesBesideTheIndexAreAccepted) {
  for (const char* file : {"../x", "/etc/passwd", "..", ".", "", "a/b", "a\\u0000b"}) {
    EXPECT_TRUE(index_refused(fmt::format(R"({{"weight_map":{{"a":"{}"}}}})", file))) << file;
  }
}

TEST(Shards, DamageGivesAnErrorAndNothingElse) {
  for (const char* text : {"", "{", "[]", "3", "{}", R"({"weight_map":3})",
                           R"({"weight_map":{"a":3}})", R"({"weight_map":{"a":"b"}} x)"}) {
    EXPECT_TRUE(index_refused(text)) << text;
  }
  EXPECT_TRUE(index_refused(R"({"weight_map":)" + std::string(100000, '[')));
  const std::string good = R"({"weight_map":{"a":"b.safetensors"}})";
  expect_bit_flips_survived(
      parse_index, {reinterpret_cast<const uint8_t*>(good.data()), good.size()}, "index", 2000);
}

}  // namespace
}  // namespace likewise
