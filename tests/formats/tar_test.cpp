#include "likewise/formats/tar.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "likewise/formats/image.hpp"
#include "support/golden.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

void parse_tar(std::span<const uint8_t> bytes) {
  for (const TarEntry& entry : index_tar(bytes, "memory")) {
    LIKEWISE_CHECK(entry.offset >= 512 && entry.size >= 0 &&
                       entry.offset + entry.size <= static_cast<int64_t>(bytes.size()),
                   "{} at {}", entry.name, entry.offset);
  }
}

void append_tar_member(std::vector<uint8_t>& tar, char type, const std::string& name,
                       const std::string& data, const std::string& size_field = "") {
  std::vector<uint8_t> header(512, 0);
  std::copy_n(name.begin(), std::min<size_t>(name.size(), 100), header.begin());
  std::string size = size_field;
  if (size.empty()) size = fmt::format("{:011o}", data.size());
  std::copy(size.begin(), size.end(), header.begin() + 124);
  header[156] = static_cast<uint8_t>(type);
  std::memcpy(header.data() + 257, "ustar\00000", 8);
  std::fill_n(header.begin() + 148, 8, uint8_t{' '});
  int sum = 0;
  for (const uint8_t byte : header) sum += byte;
  const std::string text = fmt::format("{:06o}", sum);
  std::copy(text.begin(), text.end(), header.begin() + 148);
  header[154] = 0;
  tar.insert(tar.end(), header.begin(), header.end());
  tar.insert(tar.end(), data.begin(), data.end());
  tar.resize((tar.size() + 511) / 512 * 512);
}

std::string tar_message(const std::vector<uint8_t>& bytes) {
  try {
    index_tar(bytes, "s.tar");
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Tar, ReadsShardsSampleBySample) {
  const Golden golden("formats");
  for (const auto& file : golden.entry("webdataset_shards").at("files")) {
    const auto path = Golden::path(file.at("file"));
    if (file.at("expect") == "refuse") {
      EXPECT_THROW(index_tar(path), DataError) << path;
      continue;
    }
    const TarFile tar(path);
    std::vector<std::string> keys;
    std::map<std::string, std::map<std::string, std::vector<uint8_t>>> samples;
    for (const TarEntry& entry : tar.entries()) {
      const auto [key, extension] = tar_key(entry.name);
      if (keys.empty() || keys.back() != key) keys.push_back(key);
      samples[key][extension] = tar.read(entry);
    }
    const auto& expected = file.at("samples");
    ASSERT_EQ(keys.size(), expected.size()) << path;
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto& sample = expected[i];
      EXPECT_EQ(keys[i], sample.at("key"));
      const auto& parts = samples[keys[i]];
      EXPECT_EQ(parts.size(), 3u);
      const std::string kind = sample.at("image");
      const Image image = decode_image(parts.at(kind), keys[i]);
      const auto pixels = golden.values(sample.at("pixels"));
      ASSERT_EQ(image.pixels.size(), pixels.size());
      for (size_t p = 0; p < pixels.size(); ++p) {
        ASSERT_NEAR(image.pixels[p], pixels[p], kind == "png" ? 0 : 2) << keys[i] << " at " << p;
      }
      const auto& label = parts.at("cls");
      EXPECT_EQ(std::string(label.begin(), label.end()),
                std::to_string(sample.at("cls").get<int>()));
      EXPECT_EQ(nlohmann::json::parse(parts.at("json")), sample.at("json"));
    }
  }
}

TEST(Tar, SplitsNamesAtTheFirstDotOfTheLastComponent) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(tar_key("a.b/cat.0.JPG"), (Pair{"a.b/cat", "0.jpg"}));
  EXPECT_EQ(tar_key("cat.jpg"), (Pair{"cat", "jpg"}));
  EXPECT_EQ(tar_key("a.b/cat"), (Pair{"a.b/cat", ""}));
  EXPECT_EQ(tar_key("a/.hidden"), (Pair{"a/.hidden", ""}));
  EXPECT_EQ(tar_key(""), (Pair{"", ""}));
}

TEST(Tar, KnowsFoldersBinarySizesAndPaxRecords) {
  std::vector<uint8_t> tar;
  append_tar_member(tar, '5', "folder/", "");
  append_tar_member(tar, '0', "old folder/", "");
  std::string binary(12, '\0');
  binary[0] = static_cast<char>(0x80);
  binary[11] = 3;
  append_tar_member(tar, '0', "binary", "abc", binary);
  append_tar_member(tar, 'g', "defaults", "19 comment=anything\n19 path=not for you\n");
  append_tar_member(tar, 'x', "pax", "22 path=d\xc3\xa9j\xc3\xa0/vu.png\n9 size=5\n");
  append_tar_member(tar, '0', "short", "12345", "00000000000");
  tar.resize(tar.size() + 1024);
  const auto entries = index_tar(tar, "x");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, "binary");
  EXPECT_EQ(entries[0].size, 3);
  EXPECT_EQ(tar[static_cast<size_t>(entries[0].offset)], 'a');
  EXPECT_EQ(entries[1].name, "d\xc3\xa9j\xc3\xa0/vu.png");
  EXPECT_EQ(entries[1].size, 5);
}

TEST(Tar, NamesWhatIsWrong) {
  const auto contains = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  std::vector<uint8_t> good;
  append_tar_member(good, '0', "a.jpg", "abc");
  contains(tar_message(good), "byte 1024: the archive ends without its end mark");
  good.resize(good.size() + 512);
  EXPECT_EQ(tar_message(good), "");
  auto bad = good;
  bad[0] = 'b';
  contains(tar_message(bad), "byte 0: the checksum is");
  contains(tar_message({0x1f, 0x8b}), "compressed");
  contains(tar_message({}), "truncated");
  for (const char type : {'1', '2', '3', 'S', 'D'}) {
    std::vector<uint8_t> tar;
    append_tar_member(tar, type, "odd", "");
    tar.resize(tar.size() + 1024);
    contains(tar_message(tar), "'odd' is a link, a device or a sparse file");
  }
  for (const char* size : {"00000000x", "77777777777", "-1"}) {
    std::vector<uint8_t> tar;
    append_tar_member(tar, '0', "a", "abc", size);
    tar.resize(tar.size() + 1024);
    EXPECT_NE(tar_message(tar), "") << size;
  }
  std::vector<uint8_t> negative;
  append_tar_member(negative, '0', "a", "abc", std::string(12, '\xff'));
  contains(tar_message(negative), "negative or too large");
  for (const char* record :
       {"4 a\n", "99 path=a\n", "path=a\n", "0 path=a\n", "9 path=ab",
        "99999999999999999999 path=a\n", "11 size=-1\n", "8 size=\n", "22 GNU.sparse.major=1\n"}) {
    std::vector<uint8_t> tar;
    append_tar_member(tar, 'x', "pax", record);
    append_tar_member(tar, '0', "a", "abc");
    tar.resize(tar.size() + 1024);
    EXPECT_NE(tar_message(tar), "") << record;
  }
}

TEST(Tar, DamageGivesAnErrorAndNothingElse) {
  for (const char* name : {"shard-000001.tar", "long_names_gnu.tar"}) {
    auto bytes = read_bytes(Golden::path(std::string("formats/webdataset/") + name));
    // Without the zeros that only fill the last record, but for the one block that is needed.
    while (bytes.size() > 512 && bytes.back() == 0) bytes.pop_back();
    bytes.resize((bytes.size() + 511) / 512 * 512 + 512);
    EXPECT_NO_THROW(parse_tar(bytes));
    for (size_t n = 0; n < bytes.size(); n += n % 512 < 2 || n % 512 > 509 ? 1 : 61) {
      EXPECT_TRUE(refuses(parse_tar, std::span(bytes).first(n), name)) << n;
    }
    expect_bit_flips_survived(parse_tar, bytes, name, 1000);
  }
}

}  // namespace
}  // namespace likewise
