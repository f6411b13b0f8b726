#include <gtest/gtest.h>

#include <cstdio>

#include "data/fixtures.hpp"
#include "data/shard_names.hpp"
#include "likewise/data/open.hpp"

namespace likewise {
namespace {

using Names = std::vector<std::string>;
using Ints = std::vector<int64_t>;
using Bytes = std::vector<uint8_t>;

// A ustar archive of regular files.
class TarWriter {
 public:
  TarWriter& add(const std::string& name, std::span<const uint8_t> content) {
    char header[512] = {};
    std::snprintf(header, 100, "%s", name.c_str());
    std::snprintf(header + 100, 8, "0000644");
    std::snprintf(header + 108, 8, "0000000");
    std::snprintf(header + 116, 8, "0000000");
    std::snprintf(header + 124, 12, "%011o", static_cast<unsigned>(content.size()));
    std::snprintf(header + 136, 12, "00000000000");
    std::fill_n(header + 148, 8, ' ');
    header[156] = '0';
    std::snprintf(header + 257, 6, "ustar");
    header[263] = header[264] = '0';
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(header + 148, 8, "%06o", sum);
    bytes_.insert(bytes_.end(), header, header + 512);
    bytes_.insert(bytes_.end(), content.begin(), content.end());
    bytes_.resize((bytes_.size() + 511) / 512 * 512);
    return *this;
  }
  TarWriter& add(const std::string& name, const std::string& text) {
    return add(name, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  }
  void write(const std::filesystem::path& path) {
    bytes_.resize(bytes_.size() + 1024);
    write_file(path, bytes_);
  }

 private:
  Bytes bytes_;
};

TEST(WebDataset, GroupsMembersByKeyAndReadsClasses) {
  const DataFolder folder;
  TarWriter()
      .add("0001.cls", "3\n")
      .add("0001.png", plain_png(11))
      .add("0002.txt", "a caption without an image")
      .add("0003.png", plain_png(13))
      .add("0003.json", R"({"label": 1, "other": "x"})")
      .add("0004.png", plain_png(14))
      .write(folder / "a.tar");
  const auto data = open_dataset((folder / "a.tar").string());
  EXPECT_EQ(data->info().kind, "webdataset");
  EXPECT_EQ(names_of(*data), (Names{"a.tar/0001.png", "a.tar/0003.png", "a.tar/0004.png"}));
  EXPECT_EQ(labels_of(*data), (Ints{3, 1, -1}));
  EXPECT_EQ(data->info().class_names, (Names{"0", "1", "2", "3"}));
  EXPECT_EQ(first_pixel(*data, 0), 11);
  EXPECT_EQ(first_pixel(*data, 2), 14);
  EXPECT_EQ(data->get(1).index, 1);
}

TEST(WebDataset, FoldersAndRangesAreManyShards) {
  const DataFolder folder;
  for (uint8_t i = 8; i <= 11; ++i) {
    TarWriter()
        .add("x.png", plain_png(i))
        .add("x.cls", i % 2 ? "odd" : "even")
        .write(folder / fmt::format("train-{:03}.tar", i));
  }
  TarWriter().add("x.png", plain_png(99)).add("x.cls", "odd").write(folder / "val-000.tar");
  const std::string path = folder.path().string();
  const auto all = open_dataset(path), range = open_dataset(path + "/train-{009..011}.tar");
  EXPECT_EQ(labels_of(*all), (Ints{0, 1, 0, 1}));
  EXPECT_EQ(all->info().class_names, (Names{"even", "odd"}));
  EXPECT_EQ(names_of(*range),
            (Names{"train-009.tar/x.png", "train-010.tar/x.png", "train-011.tar/x.png"}));
  EXPECT_EQ(first_pixel(*range, 2), 11);
  EXPECT_EQ(first_pixel(*open_dataset(path + "#val"), 0), 99);
  expect_in("'train'", message_of<UserError>([&] { open_dataset(path + "#trian"); }));
  expect_in("train-012.tar",
            message_of<UserError>([&] { open_dataset(path + "/train-{009..012}.tar"); }));
  EXPECT_THROW(open_dataset(path + "/train-{9-11}.tar"), UserError);
  EXPECT_THROW(open_dataset(path + "/train-{011..009}.tar"), UserError);
}

TEST(WebDataset, DamageIsNamed) {
  const DataFolder folder;
  TarWriter().add("1.png", "no image").add("1.cls", "1").write(folder / "bad-image.tar");
  TarWriter().add("1.png", plain_png(1)).add("1.json", "{").write(folder / "bad-json.tar");
  TarWriter().add("1.txt", "text").write(folder / "none.tar");
  write_file(folder / "cut.tar", Bytes(700, 65));
  const auto data = open_dataset((folder / "bad-image.tar").string());
  expect_in("bad-image.tar/1.png", message_of<DataError>([&] { data->get(0); }));
  const auto opening = [&](const std::string& name) {
    return [&, name] { open_dataset((folder / name).string()); };
  };
  expect_in("bad-json.tar/1.json", message_of<DataError>(opening("bad-json.tar")));
  expect_in("1 samples without one", message_of<UserError>(opening("none.tar")));
  expect_in("cut.tar", message_of<DataError>(opening("cut.tar")));
}

TEST(ShardNames, PartsAreNamesWithoutTrailingNumbers) {
  EXPECT_EQ(detail::shard_part("a/train-00012.tar"), "train");
  EXPECT_EQ(detail::shard_part("imagenet1k-val_3.tar"), "imagenet1k-val");
  EXPECT_EQ(detail::shard_part("000.tar"), "");
}

}  // namespace
}  // namespace likewise
