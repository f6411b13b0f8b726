#include "likewise/io/feature_files.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cstring>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/formats/csv.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/nn/weights.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

NamedFeatures three() {
  NamedFeatures out;
  out.x = at::tensor({0.1F, -3.0F, 1e-30F, 4.0F, 0.0F, 0.0F}).reshape({3, 2});
  out.names = {"a, b.png", "tab\there.png", "c.png"};
  out.labels = {"cat", "", "dog"};
  out.origin = "run";
  return out;
}

TEST(FeatureFiles, TheEndingSaysTheFormat) {
  EXPECT_EQ(feature_format("a.npy"), "npy");
  EXPECT_EQ(feature_format("a.index"), "faiss");
  EXPECT_EQ(feature_format("folder/"), "projector");
  try {
    feature_format("a.parquet");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find(".faiss"), std::string::npos);
  }
}

TEST(FeatureFiles, EveryTableHoldsTheSameNumbersAndTheListTheSameOrder) {
  const TemporaryFolder folder;
  const NamedFeatures f = three();
  const auto path = [&](const char* name) { return (folder.path() / name).string(); };
  write_features(path("a.npy"), "npy", f, "cosine");
  const NpyArray array = read_npy_file(path("a.npy"));
  EXPECT_EQ(array.shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(std::memcmp(array.bytes.data(), f.x.data_ptr(), 24), 0);
  write_features(path("a.safetensors"), "safetensors", f, "cosine");
  EXPECT_TRUE(read_tensors(path("a.safetensors")).at(0).second.equal(f.x));
  for (const char* list : {"a.npy.files.csv", "a.safetensors.files.csv"}) {
    const CsvTable table = read_csv_file(path(list));
    EXPECT_EQ(table.header, (std::vector<std::string>{"path", "label"}));
    ASSERT_EQ(table.rows.size(), 3U);
    EXPECT_EQ(table.rows[0].fields, (std::vector<std::string>{"a, b.png", "cat"}));
    EXPECT_EQ(table.rows[2].fields[1], "dog");
  }
  write_features(path("a.csv"), "csv", f, "cosine");
  const CsvTable table = read_csv_file(path("a.csv"));
  EXPECT_EQ(table.header, (std::vector<std::string>{"path", "label", "f0", "f1"}));
  for (int64_t i = 0; i < 3; ++i) {
    for (int64_t j = 0; j < 2; ++j) {
      const std::string& field =
          table.rows.at(static_cast<size_t>(i)).fields.at(static_cast<size_t>(2 + j));
      EXPECT_EQ(std::stof(field), f.x[i][j].item<float>()) << "the digits give the float again";
    }
  }
  EXPECT_FALSE(fs::exists(path("a.csv.files.csv")));
}

TEST(FeatureFiles, ACosineIndexHasRowsOfLengthOne) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "a.faiss").string();
  const auto floats = [&](const char* metric, size_t row) {
    write_features(path, "faiss", three(), metric);
    const auto bytes = read_bytes(path);
    EXPECT_EQ(bytes.size(), 45U + 24);
    std::array<float, 2> out{};
    std::memcpy(out.data(), bytes.data() + 45 + row * 8, 8);
    return out;
  };
  EXPECT_NEAR(floats("cosine", 0)[0], 0.1 / std::sqrt(9.01), 1e-7);
  EXPECT_FLOAT_EQ(floats("cosine", 1)[1], 1);
  EXPECT_EQ(floats("cosine", 2)[0], 0) << "a row of zeros stays";
  EXPECT_EQ(floats("l2", 0)[1], -3);
  EXPECT_EQ(read_bytes(path)[3], '2') << "IxF2";
  EXPECT_EQ(floats("ip", 0)[1], -3);
  EXPECT_EQ(read_bytes(path)[3], 'I') << "IxFI";
}

TEST(FeatureFiles, TheProjectorFolderHoldsTablesConfigurationAndPictures) {
  const TemporaryFolder folder;
  NamedFeatures f = three();
  f.thumbnail = [](size_t row) {
    return Image{2, 2, 1, std::vector<uint8_t>(4, static_cast<uint8_t>(10 * (row + 1)))};
  };
  const fs::path out = folder.path() / "projector";
  write_features(out.string() + "/", "projector", f, "cosine");
  EXPECT_EQ(read_text(out / "metadata.tsv"),
            "path\tlabel\na, b.png\tcat\ntab here.png\t\nc.png\tdog\n");
  EXPECT_EQ(read_text(out / "tensors.tsv"), "0.1\t-3\n1e-30\t4\n0\t0\n");
  const std::string config = read_text(out / "projector_config.pbtxt");
  EXPECT_NE(config.find("single_image_dim: 2"), std::string::npos);
  const Image sheet = read_image(out / "sprite.png");
  EXPECT_EQ(sheet.width, 4);
  EXPECT_EQ(sheet.height, 4) << "the sheet is square";
  const auto pixel = [&](int64_t y, int64_t x) {
    return sheet.pixels[static_cast<size_t>((y * 4 + x) * sheet.channels)];
  };
  EXPECT_EQ(pixel(0, 0), 10);
  EXPECT_EQ(pixel(1, 2), 20);
  EXPECT_EQ(pixel(2, 1), 30);
  EXPECT_EQ(pixel(3, 3), 255) << "no fourth picture";
  // Without labels the table has one column and, as the projector wants it, no header.
  f.labels.clear();
  f.thumbnail = nullptr;
  fs::remove_all(out);
  write_features(out.string(), "projector", f, "cosine");
  EXPECT_EQ(read_text(out / "metadata.tsv"), "a, b.png\ntab here.png\nc.png\n");
  EXPECT_FALSE(fs::exists(out / "sprite.png"));
}

TEST(WriteFolder, IsThereWholeOrNotAtAll) {
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "out";
  EXPECT_THROW(write_folder(out,
                            [](const fs::path& place) {
                              write_file(place / "a", std::string("1"));
                              throw UserError("stopped");
                            }),
               UserError);
  EXPECT_TRUE(fs::is_empty(folder.path()));
  write_folder(out, [](const fs::path& place) { write_file(place / "a", std::string("1")); });
  write_file(out / "kept", std::string("mine"));
  write_folder(out, [](const fs::path& place) { write_file(place / "a", std::string("2")); });
  EXPECT_EQ(read_text(out / "a"), "2");
  EXPECT_EQ(read_text(out / "kept"), "mine");
  EXPECT_THROW(write_folder(out / "kept", [](const fs::path&) {}), UserError) << "a file is there";
}

}  // namespace
}  // namespace likewise
