#include "likewise/formats/safetensors.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/golden.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

std::vector<uint8_t> safetensors_file_of(const std::string& header, size_t data,
                                         uint64_t announced = UINT64_MAX) {
  if (announced == UINT64_MAX) announced = header.size();
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<uint8_t>(announced >> (8 * i)));
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.resize(bytes.size() + data, 7);
  return bytes;
}

void parse_safetensors(std::span<const uint8_t> bytes) {
  const SafetensorsFile file(bytes, "memory");
  for (const auto& name : file.names()) {
    for (const uint8_t byte : file.bytes(name)) (void)byte;
  }
}

std::string safetensors_message(const std::string& header, size_t data) {
  try {
    parse_safetensors(safetensors_file_of(header, data));
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Safetensors, ReadsEveryTypeOfThePackage) {
  const Golden golden("formats");
  for (const auto& file : golden.entry("safetensors_files").at("files")) {
    const auto path = Golden::path(file.at("file"));
    if (file.at("expect") == "refuse") {
      EXPECT_THROW(SafetensorsFile{path}, DataError) << path;
      continue;
    }
    const SafetensorsFile got(path);
    EXPECT_EQ(got.metadata(), (file.at("metadata").get<std::map<std::string, std::string>>()));
    EXPECT_EQ(got.names().size(), file.at("contents").size());
    for (const auto& [name, key] : file.at("contents").items()) {
      EXPECT_EQ(got.info(name).shape, golden.shape(key)) << name;
      EXPECT_EQ(golden_detail::widen(got.info(name).dtype, got.bytes(name)), golden.values(key))
          << name;
    }
  }
}

TEST(Safetensors, WritesTheSameBytesAsThePackage) {
  const TemporaryFolder folder;
  for (const char* name : {"formats.safetensors", "formats/safetensors/types.safetensors"}) {
    const auto path = Golden::path(name);
    const SafetensorsFile file(path);
    std::vector<TensorView> tensors;
    for (const auto& tensor : file.names()) {
      const TensorInfo& info = file.info(tensor);
      tensors.push_back({tensor, info.dtype, info.shape, file.bytes(tensor)});
    }
    std::reverse(tensors.begin(), tensors.end());  // the order given does not matter
    write_safetensors(folder / "again", tensors, file.metadata());
    EXPECT_TRUE(read_bytes(folder / "again") == read_bytes(path)) << name;
  }
}

TEST(Safetensors, WritesFilesWithoutTensors) {
  const TemporaryFolder folder;
  write_safetensors(folder / "empty", {});
  EXPECT_TRUE(SafetensorsFile(folder / "empty").names().empty());
  EXPECT_EQ(std::filesystem::file_size(folder / "empty"), 16u);  // {} padded to 8
}

TEST(Safetensors, RefusesToWriteWhatCannotBeRead) {
  const TemporaryFolder folder;
  const std::vector<uint8_t> bytes(8);
  const TensorView good{"a", "F32", {2}, bytes};
  EXPECT_THROW(write_safetensors(folder / "x", {good, good}), UserError);
  EXPECT_THROW(write_safetensors(folder / "x", {{"a", "F33", {2}, bytes}}), UserError);
  EXPECT_THROW(write_safetensors(folder / "x", {{"a", "F32", {3}, bytes}}), UserError);
  EXPECT_THROW(write_safetensors(folder / "x", {{"a", "F32", {-2}, bytes}}), UserError);
  EXPECT_THROW(write_safetensors(folder / "x", {{"__metadata__", "F32", {2}, bytes}}), UserError);
  EXPECT_THROW(write_safetensors(folder / "x", {{"\xff", "F32", {2}, bytes}}), UserError);
  EXPECT_FALSE(std::filesystem::exists(folder / "x"));
}

TEST(Safetensors, StaysReadableWhenTheFileIsReplacedOrTheReaderIsCopied) {
  const TemporaryFolder folder;
  const std::vector<uint8_t> first(4, 1), second(4, 2);
  write_safetensors(folder / "x", {{"a", "U8", {4}, first}});
  auto file = std::make_unique<SafetensorsFile>(folder / "x");
  const SafetensorsFile copy = *file;
  const auto mapping = file->mapping();
  write_safetensors(folder / "x", {{"a", "U8", {4}, second}});
  file.reset();
  EXPECT_EQ(copy.bytes("a")[0], 1);
  EXPECT_EQ(mapping.use_count(), 2);
}

TEST(Safetensors, NamesWhatIsWrong) {
  const auto message = [](const char* header, size_t data = 0) {
    return safetensors_message(header, data);
  };
  EXPECT_EQ(message(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}  )", 2), "");
  const std::string twice = message(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                                    R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
                                    2);
  EXPECT_NE(twice.find("'a' twice"), std::string::npos) << twice;
  const std::string hole = message(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", 3);
  EXPECT_NE(hole.find("no holes"), std::string::npos) << hole;
  const std::string rest = message(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 3);
  EXPECT_NE(rest.find("need 2 bytes of data; the file has 3"), std::string::npos) << rest;
  for (const char* bad :
       {R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}})",
        R"({"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
        R"({"a":{"dtype":3,"shape":[0],"data_offsets":[0,0]}})",
        R"({"a":{"dtype":"U8","shape":[0.0],"data_offsets":[0,0]}})",
        R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}})",
        R"({"a":{"dtype":"U8","shape":0,"data_offsets":[0,0]}})",
        R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}})",
        R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[18446744073709551615,0]}})",
        R"({"a":{"dtype":"U8","shape":[9223372036854775807,3],"data_offsets":[0,0]}})",
        R"({"a":[[[[[[]]]]]]})", R"({"a":1})", R"({"__metadata__":{"a":1}})",
        R"({"__metadata__":3})", R"([])", R"({"a)", R"({} x)", R"( {})", ""}) {
    EXPECT_NE(message(bad), "") << bad;
  }
  try {
    const SafetensorsFile file(Golden::path("formats.safetensors"));
    file.info("npy/f4_c_v");
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("'npy/f4_c_v1'"), std::string::npos) << error.what();
  }
}

TEST(Safetensors, DamageGivesAnErrorAndNothingElse) {
  const auto bytes = read_bytes(Golden::path("formats/safetensors/types.safetensors"));
  expect_truncations_refused(parse_safetensors, bytes, "types");
  expect_bit_flips_survived(parse_safetensors, bytes, "types", 2000);
  for (const uint64_t announced : {uint64_t{0}, uint64_t{3}, uint64_t{99}, uint64_t{1} << 40,
                                   UINT64_MAX - 7, UINT64_MAX - 1}) {
    EXPECT_TRUE(refuses(parse_safetensors, safetensors_file_of("{}", 4, announced), "header"));
  }
  const std::string deep(200000, '[');
  EXPECT_TRUE(refuses(parse_safetensors, safetensors_file_of("{\"a\":" + deep, 0), "deep"));
}

TEST(Golden, KnowsShapesValuesAndOptions) {
  const Golden golden("formats");
  EXPECT_EQ(golden.shape("image_files", "plain.jpg"), (std::vector<int64_t>{24, 32, 3}));
  EXPECT_EQ(golden.values("image_files", "plain.jpg").size(), 24u * 32 * 3);
  EXPECT_THROW(golden.entry("no such case"), std::exception);
  EXPECT_THROW(golden.values("no such key"), std::exception);
  EXPECT_EQ(golden_detail::widen("F16", std::vector<uint8_t>{0x00, 0x3c, 0x01, 0x00, 0x00, 0xfc}),
            (std::vector<double>{1.0, std::ldexp(1, -24), -INFINITY}));
}

}  // namespace
}  // namespace likewise
