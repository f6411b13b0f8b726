#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "data/fixtures.hpp"
#include "data/folder_walk.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/data/open.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;
using Ints = std::vector<int64_t>;

// Makes every folder look old enough for the index to be kept.
void age(const fs::path& root) {
  const auto past = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_directory() && !entry.is_symlink()) fs::last_write_time(entry.path(), past);
  }
  fs::last_write_time(root, past);
}

TEST(ImageFolder, FlatFoldersHaveNoLabels) {
  const DataFolder folder;
  write_png(folder / "b.png", 2);
  write_png(folder / "a.png", 1);
  write_file(folder / "c.JPG", encode_jpeg(plain_image(3)));
  write_png(folder / ".hidden.png");
  write_png(folder / ".git/x.png");
  write_png(folder / "__MACOSX/x.png");
  write_file(folder / "notes.txt", "text");
  const auto data = open_dataset(folder.path().string());
  EXPECT_EQ(names_of(*data), (Names{"a.png", "b.png", "c.JPG"}));
  EXPECT_EQ(labels_of(*data), (Ints{-1, -1, -1}));
  EXPECT_TRUE(data->info().class_names.empty());
  EXPECT_EQ(first_pixel(*data, 0), 1);
  EXPECT_EQ(data->get(0).parts[0].sizes(), (Ints{1, 3, 5}));
  EXPECT_EQ(data->info().kind, "image-folder");
}

TEST(ImageFolder, FirstLevelFoldersAreClasses) {
  const DataFolder folder;
  write_png(folder / "dog/2.png");
  write_png(folder / "dog/1.png");
  write_png(folder / "cat/deep/er/3.png");
  const auto data = open_dataset(folder.path().string());
  EXPECT_EQ(names_of(*data), (Names{"cat/deep/er/3.png", "dog/1.png", "dog/2.png"}));
  EXPECT_EQ(labels_of(*data), (Ints{0, 1, 1}));
  EXPECT_EQ(data->info().class_names, (Names{"cat", "dog"}));
}

TEST(ImageFolder, OneImageOutsideOrOneFolderAloneMeansNoLabels) {
  const DataFolder folder;
  write_png(folder / "mixed/dog/1.png");
  write_png(folder / "mixed/cat/2.png");
  write_png(folder / "mixed/3.png");
  write_png(folder / "single/all/1.png");
  EXPECT_TRUE(open_dataset((folder / "mixed").string())->info().class_names.empty());
  EXPECT_TRUE(open_dataset((folder / "single").string())->info().class_names.empty());
  const std::string error = message_of<UserError>(
      [&] { open_dataset((folder / "mixed").string(), {.layout = "classes"}); });
  expect_in("3.png", error);
}

TEST(ImageFolder, NumericClassesAreSortedByValue) {
  const DataFolder folder;
  for (const std::string name : {"10", "9", "0"}) write_png(folder / (name + "/1.png"));
  EXPECT_EQ(open_dataset(folder.path().string())->info().class_names, (Names{"0", "9", "10"}));
}

TEST(ImageFolder, EqualSubFoldersEverywhereMeanDomains) {
  const DataFolder folder;
  for (const std::string domain : {"sketch", "photo"}) {
    for (const std::string name : {"house", "dog"}) {
      write_png(folder / (domain + "/" + name + "/1.png"));
    }
  }
  const std::string path = folder.path().string();
  const auto data = open_dataset(path);
  EXPECT_EQ(data->info().class_names, (Names{"dog", "house"}));
  EXPECT_EQ(data->info().domain_names, (Names{"photo", "sketch"}));
  EXPECT_EQ(labels_of(*data), (Ints{0, 1, 0, 1}));
  EXPECT_EQ(domains_of(*data), (Ints{0, 0, 1, 1}));
  const auto sketch = open_dataset(path + "#sketch");
  EXPECT_EQ(names_of(*sketch), (Names{"sketch/dog/1.png", "sketch/house/1.png"}));
  EXPECT_EQ(domains_of(*sketch), (Ints{1, 1}));
  expect_in("'sketch'", message_of<UserError>([&] { open_dataset(path + "#sketh"); }));
  EXPECT_EQ(open_dataset(path, {.layout = "classes"})->info().class_names,
            (Names{"photo", "sketch"}));
  EXPECT_TRUE(open_dataset(path, {.layout = "flat"})->info().class_names.empty());
  write_png(folder / "photo/cat/1.png");  // no longer the same in both
  EXPECT_EQ(open_dataset(path)->info().class_names, (Names{"photo", "sketch"}));
  EXPECT_EQ(open_dataset(path, {.layout = "domains"})->info().class_names,
            (Names{"cat", "dog", "house"}));
  EXPECT_THROW(open_dataset(path, {.layout = "tree"}), UserError);
}

TEST(ImageFolder, LinksAreFollowedOnceAndLoopsEnd) {
  const DataFolder folder;
  write_png(folder / "a/1.png");
  write_png(folder / "elsewhere.d/2.png");
  fs::create_directories(folder / "set/b");
  fs::create_directory_symlink(folder / "a", folder / "set/a");
  fs::create_directory_symlink(folder / "set", folder / "set/b/loop");
  fs::create_symlink(folder / "nowhere.png", folder / "set/dead.png");
  fs::create_symlink(folder / "elsewhere.d/2.png", folder / "set/b/2.png");
  EXPECT_EQ(names_of(*open_dataset((folder / "set").string())), (Names{"a/1.png", "b/2.png"}));
}

TEST(ImageFolder, TheIndexIsKeptUntilAFolderChanges) {
  const DataFolder folder;
  const fs::path set = folder / "set";
  write_png(set / "a/1.png");
  write_png(set / "b/2.png");
  write_png(set / "0.png");
  age(set);
  const auto first = detail::find_images(set), second = detail::find_images(set);
  EXPECT_FALSE(first.from_cache);
  EXPECT_TRUE(second.from_cache);
  EXPECT_EQ(first.paths, (Names{"0.png", "a/1.png", "b/2.png"}));
  EXPECT_EQ(second.paths, first.paths);
  write_png(set / "b/3.png");
  const auto third = detail::find_images(set);
  EXPECT_FALSE(third.from_cache);
  EXPECT_EQ(third.paths.size(), 4u);
  EXPECT_FALSE(detail::find_images(set).from_cache) << "folders just changed are not trusted";
  age(set);
  detail::find_images(set);
  EXPECT_TRUE(detail::find_images(set).from_cache);
  fs::remove_all(set / "a");
  EXPECT_EQ(detail::find_images(set).paths.size(), 3u);
}

TEST(ImageFolder, AFileThatVanishesBetweenIndexAndReadIsNamed) {
  const DataFolder folder;
  const fs::path set = folder / "set";
  for (int i = 0; i < 5; ++i) write_png(set / (std::to_string(i) + ".png"));
  age(set);
  detail::find_images(set);
  const auto data = open_dataset(set.string());  // from the index that was kept
  fs::remove(set / "2.png");
  fs::rename(set / "3.png", set / "9.png");
  for (int64_t i : {2, 3}) {
    const std::string error = message_of<DataError>([&] { data->get(i); });
    expect_in((set / (std::to_string(i) + ".png")).string(), error);
    expect_in("No such file", error);
  }
  EXPECT_EQ(first_pixel(*data, 4), 7);
  LoaderOptions options;
  options.batch = 5;
  options.threads = 1;
  Loader loader(data, {[](const Tensor& x, Rng&) { return x; }}, options);
  EXPECT_EQ(loader.next().index.size(0), 5) << "others take the places";
  EXPECT_EQ(loader.bad_samples().size(), 2U);
  // The next look finds what is there.
  EXPECT_EQ(names_of(*open_dataset(set.string())), (Names{"0.png", "1.png", "4.png", "9.png"}));
}

TEST(ImageFolder, FoldersFromTheFutureAreNotTrusted) {
  const DataFolder folder;
  const fs::path set = folder / "set";
  write_png(set / "1.png");
  // As after a clock that went back by an hour.
  fs::last_write_time(set, fs::file_time_type::clock::now() + std::chrono::hours(1));
  detail::find_images(set);
  EXPECT_FALSE(detail::find_images(set).from_cache);
  write_png(set / "2.png");
  fs::last_write_time(set, fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(detail::find_images(set).paths.size(), 2U);
}

TEST(ImageFolder, ADamagedIndexIsMadeAnew) {
  const DataFolder folder;
  const fs::path set = folder / "set";
  write_png(set / "a/1.png");
  age(set);
  const auto paths = detail::find_images(set).paths;
  std::vector<fs::path> files(fs::directory_iterator(folder / ".cache"), {});
  ASSERT_EQ(files.size(), 1u);
  const auto good = read_bytes(files[0]);
  for (size_t n = 0; n < good.size(); n += 1 + good.size() / 16) {
    write_file(files[0], std::span(good).first(n));
    EXPECT_EQ(detail::find_images(set).paths, paths);
    auto flipped = good;
    flipped[n] = static_cast<uint8_t>(flipped[n] ^ 16);
    write_file(files[0], flipped);
    EXPECT_EQ(detail::find_images(set).paths, paths);
  }
}

TEST(ImageFolder, ErrorsSayWhatWasFound) {
  const DataFolder folder;
  fs::create_directories(folder / "empty");
  write_file(folder / "texts/a.txt", "a");
  write_file(folder / "texts/b.txt", "b");
  write_file(folder / "broken/x.png", "no image");
  const auto opening = [&](const std::string& name) {
    return message_of<UserError>([&] { open_dataset((folder / name).string()); });
  };
  expect_in("no files at all", opening("empty"));
  expect_in("2 other files, most of them .txt", opening("texts"));
  expect_in("did you mean 'broken'", opening("brokn"));
  expect_in("has no parts", opening("broken#train"));
  const auto broken = open_dataset((folder / "broken").string());
  expect_in("broken/x.png", message_of<DataError>([&] { broken->get(0); }));
  EXPECT_THROW(open_dataset("  "), UserError);
}

TEST(SplitFolder, PartsShareTheirClassNumbers) {
  const DataFolder folder;
  write_png(folder / "train/dog/1.png");
  write_png(folder / "train/cat/2.png");
  write_png(folder / "validation/dog/3.png");
  write_png(folder / "validation/eel/4.png");
  const std::string path = folder.path().string();
  const auto train = open_dataset(path), test = open_dataset(path + "#test");
  EXPECT_EQ(train->info().kind, "split-folder");
  EXPECT_EQ(names_of(*train), (Names{"train/cat/2.png", "train/dog/1.png"}));
  EXPECT_EQ(train->info().class_names, (Names{"cat", "dog", "eel"}));
  EXPECT_EQ(labels_of(*test), (Ints{1, 2}));
  EXPECT_EQ(names_of(*open_dataset(path + "#val")), names_of(*test));
  expect_in("train", message_of<UserError>([&] { open_dataset(path + "#rest"); }));
  write_png(folder / "test/unsorted.png");
  const auto unlabelled = open_dataset(path + "#test");
  EXPECT_EQ(labels_of(*unlabelled), (Ints{-1}));
  EXPECT_EQ(unlabelled->info().class_names, (Names{"cat", "dog", "eel"}));
}

TEST(Omniglot, ClassesAreCharactersAndInkIsWhite) {
  const DataFolder folder;
  write_png(folder / "images_background/Greek/character02/1.png", 0);
  write_png(folder / "images_background/Greek/character01/1.png", 255);
  write_png(folder / "images_evaluation/Atlantean/character01/1.png", 255);
  const std::string path = folder.path().string();
  const auto all = open_dataset(path);
  EXPECT_EQ(all->info().kind, "omniglot");
  EXPECT_EQ(all->info().class_names,
            (Names{"Atlantean/character01", "Greek/character01", "Greek/character02"}));
  EXPECT_EQ(all->info().domain_names, (Names{"Atlantean", "Greek"}));
  EXPECT_EQ(labels_of(*all), (Ints{1, 2, 0}));
  EXPECT_EQ(first_pixel(*all, 0), 0);
  EXPECT_EQ(first_pixel(*all, 1), 255);
  EXPECT_EQ(open_dataset(path + "#background")->size(), 2);
  EXPECT_EQ(open_dataset(path + "#evaluation")->size(), 1);
  EXPECT_EQ(open_dataset(path + "#vinyals-train")->size(), 3);
  EXPECT_THROW(open_dataset(path + "#vinyals-test"), UserError);
  expect_in("'evaluation'", message_of<UserError>([&] { open_dataset(path + "#evaluatoin"); }));
}

TEST(TinyImagenet, ValidationLabelsComeFromTheAnnotations) {
  const DataFolder folder;
  write_png(folder / "train/n01/images/n01_0.png");
  write_png(folder / "train/n02/images/n02_0.png");
  write_png(folder / "val/images/val_0.png");
  write_png(folder / "val/images/val_1.png");
  write_file(folder / "val/val_annotations.txt",
             "val_0.png\tn02\t0\t0\t1\t1\n"
             "val_1.png\tn01\t0\t0\t1\t1\n");
  write_file(folder / "words.txt", "n01\tcrane, wader\nn02\tcrane, machine\n");
  const std::string path = folder.path().string();
  EXPECT_EQ(labels_of(*open_dataset(path)), (Ints{0, 1}));
  const auto test = open_dataset(path + "#test");
  EXPECT_EQ(test->info().kind, "tiny-imagenet");
  EXPECT_EQ(labels_of(*test), (Ints{1, 0}));
  EXPECT_EQ(test->info().class_names, (Names{"crane, wader", "crane, machine"}));
  write_file(folder / "val/val_annotations.txt", "val_0.png n02\n");
  expect_in("val_annotations.txt:1", message_of<DataError>([&] { open_dataset(path + "#val"); }));
}

}  // namespace
}  // namespace likewise
