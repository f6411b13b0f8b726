// Zip archives and PyTorch's files of tensors, byte by byte. libtorch reads them back in
// tests/io/network_test.cpp.
#include "likewise/formats/torch_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "formats/endian.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/formats/torch_file.hpp"
#include "likewise/formats/zip_writer.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

using Bytes = std::vector<uint8_t>;

std::span<const uint8_t> span_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(ZipWriter, AMemberHasTheBytesOfTheSpecification) {
  const TemporaryFolder folder;
  const std::string digits = "123456789";
  write_stored_zip(folder.path() / "a.zip", {{"n", span_of(digits)}});
  const Bytes bytes = read_bytes(folder.path() / "a.zip");
  // Local header of 30 bytes, the name, an extra field of 4 + 29 bytes up to 64, the contents.
  const Bytes local = {'P', 'K', 3, 4, 20, 0, 0, 8, 0, 0, 0,  0, 0x21, 0,   0x26, 0x39, 0xf4, 0xcb,
                       9,   0,   0, 0, 9,  0, 0, 0, 1, 0, 33, 0, 'n',  'F', 'B',  29,   0};
  ASSERT_EQ(bytes.size(), 64U + 9 + 47 + 22);
  EXPECT_TRUE(std::equal(local.begin(), local.end(), bytes.begin()));
  EXPECT_TRUE(std::equal(digits.begin(), digits.end(), bytes.begin() + 64));
  const Bytes central = {'P',  'K',  1,    2,    20, 0, 20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0,
                         0x26, 0x39, 0xf4, 0xcb, 9,  0, 0,  0, 9, 0, 0, 0, 1, 0, 0,    0,
                         0,    0,    0,    0,    0,  0, 0,  0, 0, 0, 0, 0, 0, 0, 'n'};
  EXPECT_TRUE(std::equal(central.begin(), central.end(), bytes.begin() + 73));
  const Bytes end = {'P', 'K', 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, 47, 0, 0, 0, 73, 0, 0, 0, 0, 0};
  EXPECT_TRUE(std::equal(end.begin(), end.end(), bytes.begin() + 120));
}

// A zip of arrays is an .npz file, whose reader stands on libarchive.
TEST(ZipWriter, AnotherReaderFindsEveryMember) {
  const TemporaryFolder folder;
  std::vector<Bytes> arrays;
  std::vector<ZipMember> members;
  for (uint8_t i = 0; i < 40; ++i) {
    NpyArray array{"u1", {i}, Bytes(i, i)};
    arrays.push_back(write_npy(array));
  }
  for (size_t i = 0; i < arrays.size(); ++i) {
    members.push_back({std::string(i, 'x') + std::to_string(i) + ".npy", arrays[i]});
  }
  write_stored_zip(folder.path() / "a.npz", members);
  const auto read = read_npz(folder.path() / "a.npz");
  ASSERT_EQ(read.size(), 40U);
  for (size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].first + ".npy", members[i].name);
    EXPECT_EQ(read[i].second.bytes, Bytes(i, static_cast<uint8_t>(i)));
  }
  const Bytes whole = read_bytes(folder.path() / "a.npz");
  for (const Bytes& array : arrays) {
    const auto at = std::search(whole.begin(), whole.end(), array.begin(), array.end());
    EXPECT_EQ((at - whole.begin()) % 64, 0) << "not aligned";
  }
}

TEST(ZipWriter, ARepeatedNameIsRefusedAndNothingIsWritten) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_stored_zip(folder.path() / "a.zip", {{"n", {}}, {"n", {}}}), UserError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

Bytes little(uint64_t value, size_t size) {
  Bytes out;
  for (size_t i = 0; i < size; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  return out;
}

// The pickle of {"w": float tensor [2, 3]}, opcode by opcode as pickletools would list it.
TEST(TorchWriter, ThePickleIsADictOfRebuiltTensors) {
  const TemporaryFolder folder;
  const Bytes values(24, 7);
  write_torch_file(folder.path() / "a.pt", {{"w", "F32", {2, 3}, values}});
  const auto text = [](const std::string& t) {
    std::string out = "X";
    for (uint8_t b : little(t.size(), 4)) out += static_cast<char>(b);
    return out + t;
  };
  const auto number = [](uint64_t n) {
    std::string out = "J";
    for (uint8_t b : little(n, 4)) out += static_cast<char>(b);
    return out;
  };
  const std::string pickle = "\x80\x02}(" + text("w") + "ctorch._utils\n_rebuild_tensor_v2\n((" +
                             text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") +
                             number(6) + "tQ" + number(0) + "(" + number(2) + number(3) + "t(" +
                             number(3) + number(1) +
                             "t\x89"
                             "ccollections\nOrderedDict\n)RtRu.";
  const Bytes file = read_bytes(folder.path() / "a.pt");
  EXPECT_EQ(std::string(file.begin() + 64, file.begin() + 64 + static_cast<long>(pickle.size())),
            pickle);
  for (const char* name :
       {"archive/data.pkl", "archive/byteorder", "archive/data/0", "archive/version"}) {
    EXPECT_NE(std::search(file.begin(), file.end(), name, name + std::strlen(name)), file.end())
        << name;
  }
}

TEST(TorchWriter, OurReaderFindsWhatWasWritten) {
  const TemporaryFolder folder;
  const Bytes six(24, 3), half(10, 9);
  write_torch_file(folder.path() / "a.pt", {{"w.weight", "F32", {2, 3}, six},
                                            {"n", "I64", {}, {six.data(), 8}},
                                            {"h", "BF16", {5, 1}, half},
                                            {"none", "F64", {0, 4}, {}}});
  const TorchFile file(folder.path() / "a.pt");
  EXPECT_EQ(file.names(), (std::vector<std::string>{"w.weight", "n", "h", "none"}));
  EXPECT_EQ(file.info("w.weight").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(file.info("h").dtype, "BF16");
  EXPECT_EQ(file.bytes("w.weight"), six);
  EXPECT_EQ(file.bytes("n"), Bytes(8, 3));
  EXPECT_TRUE(file.bytes("none").empty());
}

TEST(TorchWriter, RefusesWhatPyTorchWouldNotRead) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.pt";
  const Bytes four(4);
  EXPECT_THROW(write_torch_file(path, {{"w", "F32", {2}, four}}), UserError) << "bytes and shape";
  EXPECT_THROW(write_torch_file(path, {{"w", "U64", {0}, {}}}), UserError)
      << "no storage of this type";
  EXPECT_THROW(write_torch_file(path, {{"w", "F32", {1}, four}, {"w", "F32", {1}, four}}),
               UserError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_NO_THROW(write_torch_file(path, {{"w", "F32", {}, four}}));
}

}  // namespace
}  // namespace likewise
