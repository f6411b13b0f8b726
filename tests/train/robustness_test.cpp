#include "likewise/train/robustness.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/data/memory.hpp"

namespace likewise {
namespace {

// Bright and dark images; features are the mean and a constant.
DatasetPtr bright_and_dark(int64_t n) {
  const Tensor images = at::empty({n, 3, 8, 8}, at::kByte);
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < n; ++i) {
    images[i].fill_(i % 2 == 0 ? 60 + i % 10 : 180 + i % 10);
    labels.push_back(i % 2);
  }
  return memory_dataset(images, labels);
}

FeatureSet means(const DatasetPtr& data) {
  FeatureSet set;
  std::vector<Tensor> rows;
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < data->size(); ++i) {
    const Tensor x = data->get(i).parts[0].to(at::kFloat) / 255;
    rows.push_back(at::stack({x.mean(), x[0].mean()}));
    labels.push_back(data->label(i));
  }
  set.x = at::stack(rows);
  set.y = at::tensor(labels, at::kLong);
  set.class_names = data->info().class_names;
  return set;
}

TEST(CorruptionTable, HoldsEveryCellAndTheirPlainMeans) {
  const DatasetPtr train = bright_and_dark(40), test = bright_and_dark(21);
  std::vector<std::string> said;
  const auto table =
      corruption_table({{"Likewise", means(train), means}, {"again", means(train), means}}, test,
                       {.samples = 10, .names = "contrast, brightness"}, 0, {},
                       [&](const std::string& text) { said.push_back(text); });
  EXPECT_EQ(table["samples"], 10);
  EXPECT_EQ(table["names"], (nlohmann::json{"contrast", "brightness"}));
  ASSERT_EQ(table["rows"].size(), 2U);
  const auto& row = table["rows"][0];
  EXPECT_EQ(row["clean"], 1.0);
  double mean = 0;
  for (size_t s = 0; s < 5; ++s) {
    double sum = 0;
    for (size_t c = 0; c < 2; ++c) sum += row["accuracy"][c][s].get<double>();
    EXPECT_DOUBLE_EQ(row["by_severity"][s].get<double>(), sum / 2);
    mean += sum / 10;
  }
  EXPECT_NEAR(row["mean"].get<double>(), mean, 1e-12);
  // The mean of an image survives less contrast; more light pushes dark over the border in the end.
  for (size_t s = 0; s < 5; ++s) EXPECT_EQ(row["accuracy"][0][s], 1.0);
  EXPECT_LT(row["accuracy"][1][4].get<double>(), 1.0);
  EXPECT_EQ(said.size(), 2U);
  EXPECT_EQ(table["rows"][1]["mean"], row["mean"]);
}

TEST(CorruptionTable, AnUnknownNameIsNamed) {
  const DatasetPtr data = bright_and_dark(10);
  EXPECT_THROW(corruption_table({{"a", means(data), means}}, data, {.names = "rain"}, 0, {},
                                [](const std::string&) {}),
               UserError);
}

}  // namespace
}  // namespace likewise
