#include <gtest/gtest.h>

#include "data/fixtures.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/with_labels.hpp"
#include "likewise/formats/npy.hpp"

namespace likewise {
namespace {

using Names = std::vector<std::string>;
using Ints = std::vector<int64_t>;
using Bytes = std::vector<uint8_t>;

// n images of h x w, all of value i, then n labels.
Bytes idx_images(uint8_t n, uint8_t h, uint8_t w) {
  Bytes bytes;
  for (const int byte : {0, 0, 8, 3, 0, 0, 0, +n, 0, 0, 0, +h, 0, 0, 0, +w}) {
    bytes.push_back(static_cast<uint8_t>(byte));
  }
  for (int i = 0; i < n * h * w; ++i) bytes.push_back(static_cast<uint8_t>(i / (h * w)));
  return bytes;
}
Bytes idx_labels(const Bytes& labels) {
  Bytes bytes;
  for (const int byte : {0, 0, 8, 1, 0, 0, 0, static_cast<int>(labels.size())}) {
    bytes.push_back(static_cast<uint8_t>(byte));
  }
  for (const auto label : labels) bytes.push_back(label);
  return bytes;
}

TEST(Idx, FoldersHaveTrainAndTest) {
  const DataFolder folder;
  write_file(folder / "train-images-idx3-ubyte", idx_images(3, 2, 4));
  write_file(folder / "train-labels-idx1-ubyte", idx_labels({2, 0, 1}));
  write_file(folder / "t10k-images.idx3-ubyte", idx_images(2, 2, 4));
  write_file(folder / "t10k-labels.idx1-ubyte", idx_labels({1, 1}));
  const std::string path = folder.path().string();
  const auto train = open_dataset(path), test = open_dataset(path + "#test");
  EXPECT_EQ(train->info().kind, "idx");
  EXPECT_EQ(labels_of(*train), (Ints{2, 0, 1}));
  EXPECT_EQ(train->get(2).parts[0].sizes(), (Ints{1, 2, 4}));
  EXPECT_EQ(first_pixel(*train, 2), 2);
  EXPECT_EQ(train->name(1), "train-images-idx3-ubyte[1]");
  EXPECT_EQ(labels_of(*test), (Ints{1, 1}));
  expect_in("train", message_of<UserError>([&] { open_dataset(path + "#val"); }));
  EXPECT_EQ(open_dataset((folder / "t10k-images.idx3-ubyte").string())->size(), 2);
}

TEST(Idx, MissingAndMismatchedLabels) {
  const DataFolder folder;
  write_file(folder / "some-images-idx3-ubyte", idx_images(3, 2, 2));
  EXPECT_EQ(labels_of(*open_dataset(folder.path().string())), (Ints{-1, -1, -1}));
  write_file(folder / "some-labels-idx1-ubyte", idx_labels({1, 2}));
  expect_in("3 labels were expected",
            message_of<DataError>([&] { open_dataset(folder.path().string()); }));
  write_file(folder / "some-images-idx3-ubyte", Bytes{0, 0, 8, 3, 0});
  EXPECT_THROW(open_dataset(folder.path().string()), DataError);
}

TEST(Idx, SeveralSetsInOneFolderAreChosenByPrefix) {
  const DataFolder folder;
  for (const std::string set : {"letters-train", "digits-train"}) {
    write_file(folder / (set + "-images-idx3-ubyte"), idx_images(2, 2, 2));
  }
  const std::string path = folder.path().string();
  expect_in("#digits-train", message_of<UserError>([&] { open_dataset(path); }));
  EXPECT_EQ(open_dataset(path + "#letters-train")->size(), 2);
}

Bytes cifar_records(const Bytes& labels, int label_bytes) {
  Bytes bytes;
  for (const auto label : labels) {
    for (int i = 0; i < label_bytes; ++i) bytes.push_back(label);
    for (int i = 0; i < 3072; ++i) bytes.push_back(static_cast<uint8_t>(label + i / 1024));
  }
  return bytes;
}

TEST(Cifar, TenHasFiveBatches) {
  const DataFolder folder;
  for (uint8_t i = 1; i <= 5; ++i) {
    write_file(folder / fmt::format("data_batch_{}.bin", i), cifar_records({i, 9}, 1));
  }
  write_file(folder / "test_batch.bin", cifar_records({3}, 1));
  const std::string path = folder.path().string();
  const auto train = open_dataset(path), test = open_dataset(path + "#test");
  EXPECT_EQ(train->info().kind, "cifar");
  EXPECT_EQ(labels_of(*train), (Ints{1, 9, 2, 9, 3, 9, 4, 9, 5, 9}));
  EXPECT_EQ(test->info().class_names[3], "cat");
  const Tensor x = test->get(0).parts[0];
  EXPECT_EQ(x.sizes(), (Ints{3, 32, 32}));
  EXPECT_EQ(x.data_ptr<uint8_t>()[1024], 4);
  std::filesystem::remove(folder / "data_batch_4.bin");
  expect_in("found 4", message_of<DataError>([&] { open_dataset(path); }));
}

TEST(Cifar, HundredHasFineLabelsAndTheirNames) {
  const DataFolder folder;
  write_file(folder / "train.bin", cifar_records({7, 99 % 20}, 2));
  write_file(folder / "test.bin", cifar_records({4}, 2));
  std::string names;
  for (int i = 0; i < 100; ++i) names += fmt::format("thing {}\n", i);
  write_file(folder / "fine_label_names.txt", names);
  const auto train = open_dataset(folder.path().string());
  EXPECT_EQ(labels_of(*train), (Ints{7, 19}));
  EXPECT_EQ(train->info().class_names[19], "thing 19");
}

NpyArray bytes_array(std::vector<int64_t> shape, uint8_t start = 0) {
  NpyArray array{"u1", shape, {}};
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  for (int64_t i = 0; i < count; ++i) array.bytes.push_back(static_cast<uint8_t>(start + i));
  return array;
}

TEST(Npy, AllThreeLayoutsAreRead) {
  const DataFolder folder;
  const auto opened = [&](std::vector<int64_t> shape) {
    write_file(folder / "x.npy", write_npy(bytes_array(std::move(shape))));
    return open_dataset((folder / "x.npy").string());
  };
  EXPECT_EQ(opened({2, 4, 5})->get(1).parts[0].sizes(), (Ints{1, 4, 5}));
  EXPECT_EQ(opened({2, 3, 4, 5})->get(1).parts[0].sizes(), (Ints{3, 4, 5}));
  const Tensor x = opened({2, 4, 5, 3})->get(1).parts[0];
  EXPECT_EQ(x.sizes(), (Ints{3, 4, 5}));
  EXPECT_EQ(x.data_ptr<uint8_t>()[1], 63);   // (0, 1) of the first plane
  EXPECT_EQ(x.data_ptr<uint8_t>()[20], 61);  // (0, 0) of the second
  expect_in("[2, 4, 5, 2]", message_of<DataError>([&] { opened({2, 4, 5, 2}); }));
  write_file(folder / "x.npy", write_npy({"f4", {1, 2, 2}, Bytes(16)}));
  OpenOptions images;
  images.modality = "image";
  expect_in("f4",
            message_of<DataError>([&] { open_dataset((folder / "x.npy").string(), images); }));
}

TEST(Manifest, ReadsPathsLabelsSplitsAndDomains) {
  const DataFolder folder;
  for (const std::string name : {"a", "b", "c", "d"}) {
    write_png(folder / ("img/" + name + ".png"), static_cast<uint8_t>(name[0]));
  }
  write_file(folder / "list.csv",
             "path,label,split,domain\nimg/b.png,dog,train,x\nimg/a.png,cat,test,y\n"
             "\"img/c.png\",,train,\nimg/d.png,eel,test,x\n");
  const std::string path = (folder / "list.csv").string();
  const auto train = open_dataset(path), test = open_dataset(path + "#test");
  EXPECT_EQ(train->info().kind, "manifest");
  EXPECT_EQ(names_of(*train), (Names{"img/b.png", "img/c.png"}));
  EXPECT_EQ(train->info().class_names, (Names{"cat", "dog", "eel"}));
  EXPECT_EQ(labels_of(*train), (Ints{1, -1}));
  EXPECT_EQ(domains_of(*train), (Ints{0, -1}));
  EXPECT_EQ(labels_of(*test), (Ints{0, 2}));
  EXPECT_EQ(first_pixel(*test, 0), 'a');
  expect_in("'test'", message_of<UserError>([&] { open_dataset(path + "#tset"); }));
}

TEST(Manifest, TextListsAndTabs) {
  const DataFolder folder;
  write_png(folder / "b c.png", 5);
  write_file(folder / "list.txt",
             "# my images\n\nb c.png\n" + (folder / "b c.png").string() + "\n");
  const auto list = open_dataset((folder / "list.txt").string());
  EXPECT_EQ(list->size(), 2);
  EXPECT_EQ(first_pixel(*list, 1), 5);
  write_file(folder / "list.tsv", "label\tfile\n10\tb c.png\n9\tb c.png\n");
  const auto tabs = open_dataset((folder / "list.tsv").string());
  EXPECT_EQ(tabs->info().class_names, (Names{"9", "10"}));
  EXPECT_EQ(labels_of(*tabs), (Ints{1, 0}));
}

TEST(Manifest, MistakesAreNamed) {
  const DataFolder folder;
  const auto opening = [&](const std::string& text) {
    write_file(folder / "list.csv", text);
    return [&] { open_dataset((folder / "list.csv").string()); };
  };
  expect_in("a.png, cat", message_of<DataError>(opening("a.png,cat\nb.png,dog\n")));
  expect_in("no file", message_of<UserError>(opening("path\nnone.png\n")));
  expect_in("names no images", message_of<UserError>(opening("path,label\n")));
  expect_in("list.csv:3", message_of<DataError>(opening("path,label\na.png,1\n,2\n")));
}

TEST(WithLabels, ReplacesLabelsByName) {
  const DataFolder folder;
  const auto data = counted_images({0, 0, 1, 1});
  write_file(folder / "labels.csv", "path,label\nimage[2],owl\nimage[0],ant\nimage[3],\n");
  const auto named = with_labels(data, folder / "labels.csv");
  EXPECT_EQ(named->info().class_names, (Names{"ant", "owl"}));
  EXPECT_EQ(labels_of(*named), (Ints{0, -1, 1, -1}));
  EXPECT_EQ(named->get(2).label, 1);
  EXPECT_EQ(first_pixel(*named, 2), 2);
  const auto fixed = with_labels(data, folder / "labels.csv", {"owl", "cow", "ant"});
  EXPECT_EQ(labels_of(*fixed), (Ints{2, -1, 0, -1}));
}

TEST(WithLabels, MistakesAreNamedWithTheirLine) {
  const DataFolder folder;
  const auto data = counted_images({0, 0, 1, 1});
  const auto labelling = [&](const std::string& text, Names classes = {}) {
    write_file(folder / "labels.csv", text);
    return message_of<UserError>([&] { with_labels(data, folder / "labels.csv", classes); });
  };
  expect_in("labels.csv:3", labelling("path,label\nimage[0],a\nimge[1],b\n"));
  expect_in("'a' and 'b'", labelling("path,label\nimage[0],a\nimage[0],b\n"));
  expect_in("no class 'c'", labelling("path,label\nimage[0],c\n", {"a", "b"}));
  expect_in("no column path", labelling("id,label\n0,c\n"));
}

TEST(OpenDataset, ListsItsKinds) {
  ASSERT_FALSE(dataset_kinds().empty());
  EXPECT_EQ(dataset_kinds().front().name, "glyphs");
  for (const auto& kind : dataset_kinds()) EXPECT_FALSE(kind.summary.empty()) << kind.name;
}

TEST(OpenDataset, FilesOfUnknownKindsAreRefused) {
  const DataFolder folder;
  write_file(folder / "story.pdf", "text");
  expect_in("story.pdf",
            message_of<UserError>([&] { open_dataset((folder / "story.pdf").string()); }));
}

TEST(OpenDataset, AHashInAFolderNameIsNoPart) {
  const DataFolder folder;
  write_png(folder / "set#1/x.png");
  EXPECT_EQ(open_dataset((folder / "set#1").string())->size(), 1);
}

}  // namespace
}  // namespace likewise
