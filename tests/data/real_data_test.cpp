// Published data sets, where they are at hand: the folder that LIKEWISE_DATA names.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <numeric>

#include "data/fixtures.hpp"
#include "likewise/data/open.hpp"

namespace likewise {
namespace {

using Ints = std::vector<int64_t>;

std::string data_set(const std::string& name) {
  const char* root = std::getenv("LIKEWISE_DATA");
  if (root == nullptr || *root == '\0') return "";
  const auto path = std::filesystem::path(root) / name;
  return std::filesystem::exists(path) ? path.string() : "";
}

#define OPEN_OR_SKIP(variable, name)           \
  const std::string variable = data_set(name); \
  if (variable.empty()) GTEST_SKIP() << "LIKEWISE_DATA names no folder with " << (name)

Ints class_counts(const Dataset& data) {
  Ints counts(data.info().class_names.size());
  for (int64_t i = 0; i < data.size(); ++i) ++counts.at(static_cast<size_t>(data.label(i)));
  return counts;
}

double mean_of(const Dataset& data, int64_t step) {
  double sum = 0, count = 0;
  for (int64_t i = 0; i < data.size(); i += step) {
    const Tensor x = data.get(i).parts[0];
    sum += std::accumulate(x.data_ptr<uint8_t>(), x.data_ptr<uint8_t>() + x.numel(), 0.0);
    count += static_cast<double>(x.numel());
  }
  return sum / count / 255.0;
}

TEST(RealData, Mnist) {
  OPEN_OR_SKIP(path, "mnist");
  EXPECT_EQ(class_counts(*open_dataset(path)),
            (Ints{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}));
  EXPECT_EQ(class_counts(*open_dataset(path + "#test")),
            (Ints{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}));
}

TEST(RealData, FashionMnist) {
  OPEN_OR_SKIP(path, "fashion-mnist");
  const auto train = open_dataset(path);
  EXPECT_EQ(class_counts(*train), Ints(10, 6000));
  EXPECT_NEAR(mean_of(*train, 1), 0.2860, 5e-5);
}

TEST(RealData, Omniglot) {
  OPEN_OR_SKIP(path, "omniglot");
  const auto all = open_dataset(path);
  EXPECT_EQ(all->size(), 32460);
  EXPECT_EQ(class_counts(*all), Ints(1623, 20));
  EXPECT_EQ(all->info().domain_names.size(), 50u);
  EXPECT_EQ(open_dataset(path + "#background")->info().class_names.size(), 964u);
  EXPECT_EQ(open_dataset(path + "#evaluation")->info().class_names.size(), 659u);
  EXPECT_EQ(open_dataset(path + "#background-small1")->info().class_names.size(), 136u);
  const auto test = open_dataset(path + "#vinyals-test");
  EXPECT_EQ(test->info().class_names.size(), 423u);
  EXPECT_EQ(test->info().class_names.front(), "Gurmukhi/character42");
  EXPECT_EQ(open_dataset(path + "#vinyals-train")->info().class_names.size(), 1200u);
  EXPECT_EQ(test->get(0).parts[0].sizes(), (Ints{1, 105, 105}));
  EXPECT_LT(mean_of(*test, 97), 0.15) << "paper must be black";
}

TEST(RealData, Cifar10AsFolders) {
  OPEN_OR_SKIP(path, "cifar10");
  const auto train = open_dataset(path), test = open_dataset(path + "#test");
  EXPECT_EQ(class_counts(*train), Ints(10, 5000));
  EXPECT_EQ(class_counts(*test), Ints(10, 1000));
  EXPECT_EQ(train->info().class_names.front(), "airplane");
  EXPECT_EQ(train->get(4).parts[0].sizes(), (Ints{3, 32, 32}));
}

TEST(RealData, PacsHasDomains) {
  OPEN_OR_SKIP(path, "pacs");
  const auto data = open_dataset(path);
  EXPECT_EQ(data->size(), 1380);
  EXPECT_EQ(data->info().domain_names, (std::vector<std::string>{"photo", "sketch"}));
  EXPECT_EQ(data->info().class_names.size(), 7u);
  EXPECT_EQ(open_dataset(path + "#sketch")->size(), 680);
}

TEST(RealData, TinyImagenet) {
  OPEN_OR_SKIP(path, "tiny-imagenet");
  const auto train = open_dataset(path), test = open_dataset(path + "#test");
  EXPECT_EQ(class_counts(*train), Ints(100, 300));
  EXPECT_EQ(class_counts(*test), Ints(100, 50));
  EXPECT_EQ(train->info().class_names, test->info().class_names);
  EXPECT_EQ(test->get(9).parts[0].size(1), 64);
}

}  // namespace
}  // namespace likewise
