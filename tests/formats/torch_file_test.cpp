// Files of torch.save against what torch itself read from them; damage; what is refused.

#include "likewise/formats/torch_file.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "support/golden.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

using namespace std::string_literals;

void read_torch(std::span<const uint8_t> bytes) {
  const TorchFile file(bytes, "memory");
  for (const auto& name : file.names()) file.bytes(name);
}

std::string torch_message(std::span<const uint8_t> bytes) {
  try {
    read_torch(bytes);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(TorchFile, ReadsWhatTorchWrote) {
  const Golden golden("formats");
  int read = 0, refused = 0;
  for (const auto& file : golden.entry("torch_files").at("files")) {
    const auto path = Golden::path(file.at("file"));
    SCOPED_TRACE(path);
    EXPECT_EQ(TorchFile::recognises(read_bytes(path)),
              path.filename() != "broken_not_a_checkpoint.pt");
    if (file.at("expect") == "refuse") {
      EXPECT_THROW(TorchFile{path}, DataError);
      ++refused;
      continue;
    }
    const TorchFile got(path);
    EXPECT_EQ(got.names().size(), file.at("contents").size());
    for (const auto& [name, key] : file.at("contents").items()) {
      EXPECT_EQ(got.info(name).shape, golden.shape(key)) << name;
      EXPECT_EQ(golden_detail::widen(got.info(name).dtype, got.bytes(name)), golden.values(key))
          << name;
    }
    ++read;
  }
  EXPECT_EQ(read, 10);
  EXPECT_EQ(refused, 5);
}

TEST(TorchFile, KeepsTypesAndPlainValues) {
  for (const char* suffix : {".pt", "_legacy.pt"}) {
    const TorchFile types(Golden::path("formats/torch/types"s + suffix));
    EXPECT_EQ(types.info("bfloat16").dtype, "BF16");
    EXPECT_EQ(types.info("float16").dtype, "F16");
    EXPECT_EQ(types.info("bool").dtype, "BOOL");
    const TorchFile checkpoint(Golden::path("formats/torch/checkpoint"s + suffix));
    const std::map<std::string, std::string> expected = {
        {"epoch", "12"},    {"arch", "resnet18"},     {"best", "0.625"},
        {"done", "false"},  {"sizes/0", "1"},         {"sizes/2", "3"},
        {"pair/1", "five"}, {"big", "1099511627776"}, {"negative", "-3"}};
    for (const auto& [name, value] : expected)
      EXPECT_EQ(checkpoint.values().at(name), value) << name;
    EXPECT_THROW(checkpoint.info("state_dict/conv1.weight"), DataError);
  }
}

TEST(TorchFile, NamesTheFunctionThatAFileWouldRun) {
  for (const char* name : {"foreign_function.pt", "foreign_function_legacy.pt"}) {
    const std::string message = torch_message(read_bytes(Golden::path("formats/torch/"s + name)));
    EXPECT_NE(message.find("refused: the file names 'posix.getcwd'"), std::string::npos) << message;
  }
}

TEST(TorchFile, DamageGivesAnErrorAndNothingElse) {
  for (const char* name : {"state_dict.pt", "state_dict_legacy.pt", "shared_storage.pt",
                           "shared_storage_legacy.pt", "parameters.pt", "checkpoint_legacy.pt"}) {
    const auto bytes = read_bytes(Golden::path("formats/torch/"s + name));
    expect_truncations_refused(read_torch, bytes, name);
    expect_bit_flips_survived(read_torch, bytes, name, 1000);
  }
}

// --- files written here, byte by byte ---

void append(std::vector<uint8_t>& out, uint64_t value, int size) {
  for (int i = 0; i < size; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}
void append(std::vector<uint8_t>& out, const std::string& text) {
  out.insert(out.end(), text.begin(), text.end());
}

struct Member {
  std::string name, bytes;
  uint16_t method = 0, flags = 0;
};

std::vector<uint8_t> zip_of(const std::vector<Member>& members) {
  std::vector<uint8_t> out, directory;
  for (const auto& [name, bytes, method, flags] : members) {
    const auto crc = static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
    const size_t at = out.size();
    std::vector<uint8_t> common;
    append(common, 0x0014, 2);
    append(common, flags, 2);
    append(common, method, 2);
    append(common, 0, 4);
    append(common, crc, 4);
    append(common, bytes.size(), 4);
    append(common, bytes.size(), 4);
    append(common, name.size(), 2);
    append(common, 0, 2);
    append(out, 0x04034b50, 4);
    out.insert(out.end(), common.begin(), common.end());
    append(out, name + bytes);
    append(directory, 0x02014b50, 4);
    append(directory, 0x0014, 2);
    directory.insert(directory.end(), common.begin(), common.end());
    append(directory, 0, 8);
    append(directory, 0, 2);
    append(directory, at, 4);
    append(directory, name);
  }
  const size_t start = out.size();
  out.insert(out.end(), directory.begin(), directory.end());
  append(out, 0x06054b50, 4);
  append(out, 0, 4);
  append(out, members.size(), 2);
  append(out, members.size(), 2);
  append(out, directory.size(), 4);
  append(out, start, 4);
  append(out, 0, 2);
  return out;
}

std::string short_text(const std::string& text) {
  return "U" + std::string(1, static_cast<char>(text.size())) + text;
}
std::string whole(int64_t value) {
  std::string out = "\x8a\x08";
  for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string tuple_of(const std::vector<int64_t>& values) {
  std::string out = "(";
  for (const int64_t value : values) out += whole(value);
  return out + "t";
}
// The pickle of a tensor in storage 0, which has `count` elements.
std::string tensor_pickle(const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides,
                          int64_t offset, int64_t count,
                          const std::string& storage = "ctorch\nFloatStorage\n") {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + short_text("storage") + storage +
         short_text("0") + short_text("cpu") + whole(count) + "tQ" + whole(offset) +
         tuple_of(sizes) + tuple_of(strides) + "\x89NtR";
}
std::vector<uint8_t> file_of(const std::string& pickle, size_t storage_bytes = 24) {
  return zip_of(
      {{"a/data.pkl", "\x80\x02" + pickle + "."}, {"a/data/0", std::string(storage_bytes, '\1')}});
}

TEST(TorchFile, EveryTensorMustLieInItsStorage) {
  constexpr int64_t kMost = INT64_MAX;
  const auto message = [](const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides,
                          int64_t offset) {
    return torch_message(file_of(tensor_pickle(sizes, strides, offset, 6)));
  };
  EXPECT_EQ(message({2, 3}, {3, 1}, 0), "");
  EXPECT_EQ(message({3, 2}, {1, 3}, 0), "");
  EXPECT_EQ(message({2}, {1}, 4), "");
  EXPECT_EQ(message({}, {}, 5), "");
  EXPECT_EQ(message({0, 7}, {7, 1}, 100), "");
  EXPECT_EQ(message({4, 6}, {0, 1}, 0), "");  // expanded, small
  EXPECT_NE(message({2, 3}, {3, 1}, 1).find("reaches beyond its storage"), std::string::npos);
  EXPECT_NE(message({}, {}, 6), "");
  EXPECT_NE(message({7}, {1}, 0), "");
  EXPECT_NE(message({2}, {kMost}, 0), "");
  EXPECT_NE(message({kMost}, {kMost}, 0), "");
  EXPECT_NE(message({kMost, kMost}, {1, 1}, 0), "");
  EXPECT_NE(message({2}, {1}, kMost), "");
  EXPECT_NE(message({}, {}, kMost), "");
  EXPECT_NE(message({2}, {-1}, 1), "");
  EXPECT_NE(message({-2}, {1}, 1), "");
  EXPECT_NE(message({2}, {1}, -1), "");
  EXPECT_NE(message({2}, {1, 1}, 0), "");
  EXPECT_NE(message({1 << 20, 6}, {0, 1}, 0).find("repeats a storage"), std::string::npos);
  EXPECT_NE(message(std::vector<int64_t>(65, 1), std::vector<int64_t>(65, 1), 0), "");
}

TEST(TorchFile, StridesAreFollowed) {
  std::string data;
  for (uint8_t i = 0; i < 24; ++i) data += static_cast<char>(i);
  const auto values = [&](const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides,
                          int64_t offset) {
    const auto bytes = zip_of(
        {{"a/data.pkl",
          "\x80\x02" + tensor_pickle(sizes, strides, offset, 24, "ctorch\nByteStorage\n") + "."},
         {"a/data/0", data}});
    const TorchFile file(bytes, "memory");
    return file.bytes(file.names().at(0));
  };
  for (const auto& [sizes, strides, offset] :
       {std::tuple(std::vector<int64_t>{2, 3, 4}, std::vector<int64_t>{12, 4, 1}, int64_t{0}),
        {{4, 3, 2}, {1, 4, 12}, 0},
        {{2, 3}, {12, 1}, 5},
        {{3, 2}, {2, 11}, 1},
        {{2, 1, 3}, {6, 99, 2}, 3},
        {{3, 4}, {0, 2}, 7},
        {{2, 2, 2, 2}, {8, 4, 2, 1}, 1},
        {{24}, {1}, 0},
        {{}, {}, 23}}) {
    std::vector<uint8_t> expected;
    std::vector<int64_t> at(sizes.size(), 0);
    for (;;) {  // the definition, element by element
      int64_t position = offset;
      for (size_t d = 0; d < at.size(); ++d) position += at[d] * strides[d];
      expected.push_back(static_cast<uint8_t>(position));
      size_t d = at.size();
      while (d > 0 && ++at[d - 1] == sizes[d - 1]) at[--d] = 0;
      if (d == 0) break;
    }
    EXPECT_EQ(values(sizes, strides, offset), expected)
        << fmt::format("[{}] [{}]", fmt::join(sizes, ","), fmt::join(strides, ","));
  }
}

TEST(TorchFile, WrappedTensorsAndNestingKeepTheirNames) {
  const std::string tensor = tensor_pickle({6}, {1}, 0, 6);
  const std::string parameter = "ctorch._utils\n_rebuild_parameter\n(" + tensor +
                                "\x88"
                                "ccollections\nOrderedDict\n)RtR";
  const std::string subclass =
      "ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nctorch.nn."
      "parameter\nParameter\n((" +
      short_text("storage") + "ctorch\nFloatStorage\n" + short_text("0") + short_text("cpu") +
      whole(6) + "tQ" + whole(0) + tuple_of({6}) + tuple_of({1}) + "\x89Nt}tR";
  const std::string sized = "ctorch._utils\n_rebuild_tensor\n((" + short_text("storage") +
                            "ctorch.cuda\nFloatStorage\n" + short_text("0") + short_text("cuda:0") +
                            whole(6) + "tQ" + whole(0) + "ctorch\nSize\n" + tuple_of({6}) +
                            "\x85R" + tuple_of({1}) + "tR";
  const auto bytes =
      file_of("}(" + short_text("a") + "}" + short_text("b") + parameter + "s" + short_text("c") +
              "(" + subclass + sized + "t" + short_text("hyper") + "cargparse\nNamespace\n)\x81}" +
              short_text("lr") + "G\x3f\xe0\0\0\0\0\0\0"s + "sb" + short_text("best") +
              "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n" + short_text("f8") + "\x85RU\x08" +
              "12345678tRu");
  const TorchFile file(bytes, "memory");
  EXPECT_EQ(file.names(), (std::vector<std::string>{"a/b", "c/0", "c/1"}));
  for (const auto& name : file.names()) {
    EXPECT_EQ(file.info(name).shape, std::vector<int64_t>{6}) << name;
    EXPECT_EQ(file.bytes(name).size(), 24u);
  }
  EXPECT_EQ(file.skipped(), (std::vector<std::string>{"hyper: argparse.Namespace",
                                                      "best: numpy.core.multiarray.scalar"}));
}

TEST(TorchFile, CompiledProgramsGiveTheirAttributes) {
  const std::string tensor = tensor_pickle({6}, {1}, 0, 6);
  const auto bytes =
      zip_of({{"m/data.pkl",
               "\x80\x02"
               "c__torch__.Net\nM\n)\x81}(" +
                   short_text("visual") + "c__torch__.Net\nV\n)\x81}(" + short_text("weight") +
                   tensor + short_text("training") + "\x89ubub."},
              {"m/data/0", std::string(24, '\1')},
              {"m/constants.pkl", "\x80\x02)."}});
  const TorchFile file(bytes, "memory");
  EXPECT_TRUE(file.is_torchscript());
  EXPECT_EQ(file.names(), std::vector<std::string>{"visual.weight"});
}

TEST(TorchFile, ArchivesThatAreNotOfTorchAreRefused) {
  const std::string tensor = "\x80\x02" + tensor_pickle({6}, {1}, 0, 6) + ".";
  const std::string storage(24, '\1');
  const auto message = [](const std::vector<Member>& members) {
    return torch_message(zip_of(members));
  };
  EXPECT_EQ(message({{"a/data.pkl", tensor}, {"a/data/0", storage}, {"a/byteorder", "little"}}),
            "");
  EXPECT_NE(message({{"a/data.pkl", tensor}, {"a/data/0", storage}, {"a/byteorder", "big"}})
                .find("big-endian"),
            std::string::npos);
  EXPECT_NE(message({{"a/data.pkl", tensor}}).find("storage '0' is missing"), std::string::npos);
  EXPECT_NE(message({{"a/data.pkl", tensor}, {"a/data/0", "short"}}).find("has 5 bytes"),
            std::string::npos);
  EXPECT_NE(message({{"a/x", ""}}).find("without data.pkl"), std::string::npos);
  EXPECT_NE(message({{"a/data.pkl", tensor}, {"b/data.pkl", tensor}, {"a/data/0", storage}})
                .find("two members"),
            std::string::npos);
  EXPECT_NE(message({{"a/data.pkl", tensor}, {"a/data.pkl", tensor}}).find("twice"),
            std::string::npos);
  EXPECT_NE(message({{"a/data.pkl", tensor, 8}}).find("compressed"), std::string::npos);
  EXPECT_NE(message({{"a/data.pkl", tensor, 0, 1}}).find("encrypted"), std::string::npos);
  // A storage whose bytes changed after writing.
  auto bytes = file_of(tensor_pickle({6}, {1}, 0, 6));
  const auto found = std::search(bytes.begin(), bytes.end(), storage.begin(), storage.end());
  ASSERT_NE(found, bytes.end());
  *found = 2;
  EXPECT_NE(torch_message(bytes).find("checksum"), std::string::npos);
  // The same storage under two types.
  EXPECT_NE(torch_message(file_of("(" + tensor_pickle({6}, {1}, 0, 6) +
                                  tensor_pickle({3}, {1}, 0, 3, "ctorch\nDoubleStorage\n") + "t"))
                .find("twice and differently"),
            std::string::npos);
  EXPECT_NE(torch_message(file_of(tensor_pickle({6}, {1}, 0, 6, "ctorch\nQInt8Storage\n")))
                .find("'torch.QInt8Storage'"),
            std::string::npos);
  // A tensor in itself without end, and names without end.
  EXPECT_NE(torch_message(file_of("]q\1h\1a")), "");
  EXPECT_NE(torch_message(file_of("ctorch._utils\n_rebuild_parameter\n(]Q\x88NtR")), "");
  std::string laughs = tensor_pickle({6}, {1}, 0, 6) + "q\1";
  for (int i = 0; i < 40; ++i) laughs += "0(h\1h\1tq\1";
  EXPECT_NE(torch_message(file_of(laughs)), "");
  std::vector<uint8_t> tar(512, 0);
  std::copy_n("ustar", 5, tar.begin() + 257);
  EXPECT_NE(torch_message(tar).find("tar file"), std::string::npos);
}

}  // namespace
}  // namespace likewise
