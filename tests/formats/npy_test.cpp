#include "likewise/formats/npy.hpp"

#include <gtest/gtest.h>

#include "likewise/base/text.hpp"
#include "support/golden.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

void parse_npy(std::span<const uint8_t> bytes) { read_npy(bytes, "memory"); }

std::vector<double> npy_values(const NpyArray& array) {
  std::string dtype = array.dtype == "b1" ? "U8" : lower(array.dtype);
  if (dtype != "U8") {
    dtype = std::string(1, static_cast<char>(array.dtype[0] - 32)) +
            std::to_string(8 * npy_item_size(array.dtype));
  }
  return golden_detail::widen(dtype, array.bytes);
}

// A version 1.0 file with this header, unpadded.
std::vector<uint8_t> npy_of(const std::string& header, size_t data) {
  const std::string start = "\x93NUMPY\x01";
  std::vector<uint8_t> bytes(start.begin(), start.end());
  bytes.push_back(0);
  bytes.push_back(static_cast<uint8_t>(header.size()));
  bytes.push_back(static_cast<uint8_t>(header.size() >> 8));
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.resize(bytes.size() + data);
  return bytes;
}

TEST(Npy, ReadsWhatNumpyWroteAndRefusesTheRest) {
  const Golden golden("formats");
  int read = 0;
  for (const auto& file : golden.entry("npy").at("files")) {
    const std::string name = file.at("file");
    if (file.at("expect") == "refuse" || file.at("descr") == "<c8") {
      EXPECT_THROW(read_npy_file(Golden::path(name)), DataError) << name;
      continue;
    }
    const NpyArray got = read_npy_file(Golden::path(name));
    EXPECT_EQ(got.dtype, file.at("descr").get<std::string>().substr(1)) << name;
    EXPECT_EQ(got.shape, file.at("shape").get<std::vector<int64_t>>()) << name;
    const auto expected = file.contains("contents") ? golden.values(file.at("contents"))
                                                    : file.at("values").get<std::vector<double>>();
    EXPECT_EQ(npy_values(got), expected) << name;
    ++read;
  }
  EXPECT_EQ(read, 21);
}

TEST(Npy, WritesTheSameBytesAsNumpy) {
  const Golden golden("formats");
  for (const auto& file : golden.entry("npy").at("files")) {
    const std::string name = file.at("file");
    if (file.at("expect") == "refuse" || file.at("descr") == "<c8") continue;
    const bool same = file.at("version")[0] == 1 && file.at("fortran_order") == false &&
                      file.at("descr").get<std::string>()[0] != '>';
    const auto bytes = read_bytes(Golden::path(name));
    const NpyArray array = read_npy(bytes, name);
    const auto written = write_npy(array);
    EXPECT_EQ(written == bytes, same) << name;
    const NpyArray again = read_npy(written, name);
    EXPECT_TRUE(again.dtype == array.dtype && again.shape == array.shape &&
                again.bytes == array.bytes)
        << name;
  }
}

TEST(Npy, RefusesToWriteWhatCannotBeRead) {
  EXPECT_THROW(write_npy({"f4", {2}, std::vector<uint8_t>(7)}), UserError);
  EXPECT_THROW(write_npy({"c8", {1}, std::vector<uint8_t>(8)}), UserError);
  EXPECT_THROW(write_npy({"f4", {-1, -1}, std::vector<uint8_t>(4)}), UserError);
}

TEST(Npy, NamesWhatIsWrong) {
  EXPECT_NO_THROW(parse_npy(npy_of("{'descr':\"<f4\",'fortran_order':False,'shape':(1,)}", 4)));
  for (const char* bad : {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
                          "{'descr': '<f4', 'fortran_order': False}",
                          "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
                          "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': [1]}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,)}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
                          "{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}",
                          "{'descr': '', 'fortran_order': False, 'shape': (1,)}",
                          "{'descr': ('<f4', (2,)), 'fortran_order': False, 'shape': (1,)}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (1,", "", "{"}) {
    EXPECT_TRUE(refuses(parse_npy, npy_of(bad, 4), bad)) << bad;
  }
  try {
    read_npy_file(Golden::path("formats/npy/object_v1.npy"));
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("pickled"), std::string::npos) << error.what();
  }
}

TEST(Npy, DamageGivesAnErrorAndNothingElse) {
  for (const char* name : {"f4_c_v1", "f8_fortran_v2", "f4_c_v3", "i2_big_endian_v1"}) {
    const auto bytes = read_bytes(Golden::path(fmt::format("formats/npy/{}.npy", name)));
    expect_truncations_refused(parse_npy, bytes, name);
    expect_bit_flips_survived(parse_npy, bytes, name, 1000);
  }
  std::string nested = "{'descr': ";
  nested.append(60000, '(');
  EXPECT_TRUE(refuses(parse_npy, npy_of(nested, 0), "nested"));
}

TEST(Npz, ReadsStoredAndDeflatedArchives) {
  const Golden golden("formats");
  for (const auto& file : golden.entry("npz").at("files")) {
    const std::string name = file.at("file");
    const auto got = read_npz(Golden::path(name));
    EXPECT_EQ(got.size(), file.at("arrays").size()) << name;
    for (const auto& [array_name, array] : got) {
      ASSERT_TRUE(file.at("arrays").contains(array_name)) << name << ' ' << array_name;
      const std::string key = file.at("arrays").at(array_name);
      EXPECT_EQ(array.shape, golden.shape(key)) << name << ' ' << array_name;
      EXPECT_EQ(npy_values(array), golden.values(key)) << name << ' ' << array_name;
    }
  }
}

TEST(Npz, KeepsToTheLimitAndToArrays) {
  const auto path = Golden::path("formats/npz/compressed.npz");
  EXPECT_THROW(read_npz(path, 300), DataError);
  EXPECT_THROW(read_npz("no/such.npz"), DataError);
  EXPECT_THROW(read_npz(Golden::path("formats/npy/f4_c_v1.npy")), DataError);
  EXPECT_THROW(read_npz(Golden::path("formats/safetensors/broken_empty.safetensors")), DataError);
}

TEST(Npz, DamageGivesAnErrorAndNothingElse) {
  const ByteReader reader = [](std::span<const uint8_t> bytes) { read_npz(bytes, "x", 1 << 20); };
  const auto bytes = read_bytes(Golden::path("formats/npz/compressed.npz"));
  expect_truncations_refused(reader, bytes, "npz");
  expect_bit_flips_survived(reader, bytes, "npz", 300);
}

}  // namespace
}  // namespace likewise
