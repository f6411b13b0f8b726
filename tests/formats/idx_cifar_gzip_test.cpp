#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>

#include "likewise/base/file.hpp"
#include "likewise/formats/cifar.hpp"
#include "likewise/formats/gzip.hpp"
#include "likewise/formats/idx.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

std::vector<uint8_t> gzip_of(std::span<const uint8_t> bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::vector<uint8_t> out(deflateBound(&stream, bytes.size()) + 32);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

const std::vector<uint8_t> kIdxCard = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0,
                                       1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};

TEST(Gzip, GivesBackWhatWasCompressed) {
  std::vector<uint8_t> data(300000);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i * i >> 7);
  auto packed = gzip_of(data);
  EXPECT_TRUE(is_gzip(packed));
  EXPECT_TRUE(gunzip(packed, "x") == data);
  EXPECT_TRUE(gunzip(packed, "x", 300000) == data);
  EXPECT_THROW(gunzip(packed, "x", 299999), DataError);
  EXPECT_TRUE(gunzip(gzip_of({}), "x").empty());
}

TEST(Gzip, ReadsSeveralMembersAndRefusesWhatFollowsThem) {
  auto packed = gzip_of(kIdxCard);
  const auto one = packed;
  packed.insert(packed.end(), one.begin(), one.end());
  EXPECT_EQ(gunzip(packed, "x").size(), 2 * kIdxCard.size());
  packed.push_back('!');
  EXPECT_THROW(gunzip(packed, "x"), DataError);
}

TEST(Gzip, ReadsPlainFilesAsTheyAre) {
  const TemporaryFolder folder;
  write_file(folder / "plain", std::span<const uint8_t>(kIdxCard));
  write_file(folder / "packed", std::span<const uint8_t>(gzip_of(kIdxCard)));
  EXPECT_EQ(gunzip_file(folder / "plain"), kIdxCard);
  EXPECT_EQ(gunzip_file(folder / "packed"), kIdxCard);
  EXPECT_THROW(gunzip_file(folder / "none"), DataError);
}

TEST(Gzip, DamageGivesAnErrorAndNothingElse) {
  const ByteReader reader = [](std::span<const uint8_t> bytes) { gunzip(bytes, "x", 1 << 20); };
  std::vector<uint8_t> data(2000);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i * i >> 5);
  const auto packed = gzip_of(data);
  expect_truncations_refused(reader, packed, "gzip");
  expect_bit_flips_survived(reader, packed, "gzip", 500);
}

TEST(Idx, ReadsPlainAndCompressedFiles) {
  const TemporaryFolder folder;
  write_file(folder / "plain", std::span<const uint8_t>(kIdxCard));
  write_file(folder / "packed.gz", std::span<const uint8_t>(gzip_of(kIdxCard)));
  for (const char* name : {"plain", "packed.gz"}) {
    const IdxArray array = read_idx_file(folder / name);
    EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 1, 3}));
    EXPECT_EQ(array.bytes, (std::vector<uint8_t>{1, 2, 3, 4, 5, 6}));
  }
}

TEST(Idx, NamesWhatIsWrong) {
  const auto message = [](std::vector<uint8_t> bytes) -> std::string {
    try {
      read_idx(bytes, "t10k");
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  };
  auto bytes = kIdxCard;
  bytes[2] = 0x0d;
  EXPECT_EQ(message(bytes),
            "t10k: the IDX file holds floats (code 13); only unsigned bytes "
            "(code 8) are read");
  bytes = kIdxCard;
  bytes.push_back(7);
  EXPECT_EQ(message(bytes),
            "t10k: IDX data of shape [2, 1, 3] were announced; the file has 7 "
            "bytes of data");
  bytes = kIdxCard;
  std::fill(bytes.begin() + 4, bytes.begin() + 16, uint8_t{255});  // overflows 64 bits
  EXPECT_NE(message(bytes), "");
  EXPECT_NE(message({0, 0, 8, 0}), "");
}

TEST(Idx, DamageGivesAnErrorAndNothingElse) {
  const ByteReader reader = [](std::span<const uint8_t> bytes) { read_idx(bytes, "x"); };
  expect_truncations_refused(reader, kIdxCard, "idx");
  expect_bit_flips_survived(reader, kIdxCard, "idx", 1000);
}

TEST(Cifar, SeparatesLabelsFromPixels) {
  std::vector<uint8_t> ten, hundred;
  for (int i = 0; i < 3; ++i) {
    ten.push_back(static_cast<uint8_t>(i + 7));
    hundred.push_back(static_cast<uint8_t>(i + 17));
    hundred.push_back(static_cast<uint8_t>(i + 97));
    for (int p = 0; p < 3072; ++p) {
      ten.push_back(static_cast<uint8_t>(p / 1024 + 10 * i));
      hundred.push_back(static_cast<uint8_t>(p / 1024 + 10 * i));
    }
  }
  const CifarBatch a = read_cifar(ten, CifarKind::cifar10, "x");
  const CifarBatch b = read_cifar(hundred, CifarKind::cifar100, "x");
  EXPECT_EQ(a.size(), 3);
  EXPECT_EQ(a.labels, (std::vector<uint8_t>{7, 8, 9}));
  EXPECT_TRUE(a.coarse_labels.empty());
  EXPECT_EQ(b.labels, (std::vector<uint8_t>{97, 98, 99}));
  EXPECT_EQ(b.coarse_labels, (std::vector<uint8_t>{17, 18, 19}));
  EXPECT_TRUE(a.pixels == b.pixels);
  EXPECT_EQ(a.pixels.size(), 3u * 3072);
  EXPECT_EQ(a.pixels[3072 + 1024], 11);  // image 1, plane 1

  ten[3073] = 10;
  try {
    read_cifar(ten, CifarKind::cifar10, "data_batch_1.bin");
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "data_batch_1.bin: record 1 has label 10; expected 0 to 9");
  }
  EXPECT_THROW(read_cifar(hundred, CifarKind::cifar10, "x"), DataError);
  EXPECT_THROW(read_cifar({}, CifarKind::cifar10, "x"), DataError);
  hundred.pop_back();
  EXPECT_THROW(read_cifar(hundred, CifarKind::cifar100, "x"), DataError);
}

}  // namespace
}  // namespace likewise
