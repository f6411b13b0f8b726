#include "likewise/data/class_batches.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "likewise/base/error.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/data/quarter_turns.hpp"

namespace likewise {
namespace {

// Labels as given; the image of sample i is [1, 2, 2] with i in its first pixel.
class Labelled : public Dataset {
 public:
  explicit Labelled(std::vector<int64_t> labels) : labels_(std::move(labels)) {
    info_.name = "labelled";
    for (const int64_t label : std::set<int64_t>(labels_.begin(), labels_.end())) {
      if (label >= 0) info_.class_names.push_back("c" + std::to_string(label));
    }
  }
  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  Sample get(int64_t i) const override {
    Sample sample;
    sample.parts = {at::arange(4, at::kFloat).reshape({1, 2, 2}) + 10.0 * static_cast<double>(i)};
    sample.label = label(i);
    sample.index = i;
    return sample;
  }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override { return labels_[static_cast<size_t>(i)]; }
  int64_t domain(int64_t) const override { return -1; }
  std::string name(int64_t i) const override { return std::to_string(i); }

 private:
  std::vector<int64_t> labels_;
  DatasetInfo info_;
};

std::vector<int64_t> labels_in_turn(int64_t n, int64_t classes) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < n; ++i) out.push_back(i % classes);
  return out;
}

TEST(ClassBatches, HoldDistinctSamplesOfDistinctClasses) {
  const Labelled data(labels_in_turn(60, 6));
  const ClassBatches batches(data, 12, 3, 1);
  std::set<int64_t> classes_seen;
  for (uint64_t step = 0; step < 20; ++step) {
    const auto drawn = batches.draw(Rng(1, {step}));
    ASSERT_EQ(drawn.size(), 12u);
    EXPECT_EQ(std::set<int64_t>(drawn.begin(), drawn.end()).size(), 12u);
    std::map<int64_t, int> count;
    for (const int64_t i : drawn) ++count[data.label(i)];
    EXPECT_EQ(count.size(), 4u);
    for (const auto& [label, n] : count) {
      EXPECT_EQ(n, 3) << label;
      classes_seen.insert(label);
    }
    EXPECT_EQ(drawn, batches.draw(Rng(1, {step})));
  }
  EXPECT_EQ(classes_seen.size(), 6u);
}

TEST(ClassBatches, FillWithAnythingWhatIsNotLabelled) {
  auto labels = labels_in_turn(20, 4);
  labels.resize(100, -1);
  const Labelled data(labels);
  const auto drawn = ClassBatches(data, 16, 2, 0.5).draw(Rng(3));
  ASSERT_EQ(drawn.size(), 16u);
  for (size_t i = 0; i < 8; ++i) EXPECT_GE(data.label(drawn[i]), 0);
}

TEST(ClassBatches, RefuseWhatCannotBe) {
  EXPECT_THROW(ClassBatches(Labelled(std::vector<int64_t>(9, -1)), 4, 2, 1), UserError);
  EXPECT_THROW(ClassBatches(Labelled(std::vector<int64_t>(9, 0)), 4, 2, 1), UserError);
  EXPECT_THROW(ClassBatches(Labelled(labels_in_turn(9, 3)), 4, 4, 1), UserError);
  EXPECT_THROW(ClassBatches(Labelled(labels_in_turn(12, 3)), 4, 3, 1), UserError);
}

TEST(Loader, DrawsClassesAlikeForAnyNumberOfThreadsAndAnyStart) {
  const auto data = std::make_shared<Labelled>(labels_in_turn(40, 4));
  const Transform view = [](const Tensor& x, Rng& rng) { return x + rng.uniform(); };
  const auto batch = [&](int64_t threads, int64_t from) {
    LoaderOptions options;
    options.batch = 8;
    options.per_class = 2;
    options.threads = threads;
    options.seed = 5;
    Loader loader(data, {view, view}, options);
    loader.seek(from);
    Batch last;
    for (int64_t step = from; step <= 7; ++step) last = loader.next();
    return last;
  };
  const Batch a = batch(1, 0), b = batch(3, 6);
  EXPECT_TRUE(at::equal(a.index, b.index));
  EXPECT_TRUE(at::equal(a.views[1], b.views[1]));
  std::map<int64_t, int> count;
  for (int64_t i = 0; i < 8; ++i) ++count[a.labels[i].item<int64_t>()];
  for (const auto& [label, n] : count) EXPECT_EQ(n, 2);
}

TEST(QuarterTurns, MakeClassesOfEachTurn) {
  const auto data = with_quarter_turns(std::make_shared<Labelled>(std::vector<int64_t>{0, 1, -1}));
  ASSERT_EQ(data->size(), 12);
  EXPECT_EQ(data->info().class_names.size(), 8u);
  EXPECT_EQ(data->label(3 + 1), 1 + 2);
  EXPECT_EQ(data->label(6 + 2), -1);
  // 0 1      1 3      3 2
  // 2 3  ->  0 2  ->  1 0
  const auto flat = [&](int64_t i) { return data->get(i).parts[0].flatten(); };
  EXPECT_TRUE(at::equal(flat(3), at::tensor(std::vector<float>{1, 3, 0, 2})));
  EXPECT_TRUE(at::equal(flat(6), at::tensor(std::vector<float>{3, 2, 1, 0})));
  EXPECT_EQ(data->get(7).index, 7);
  EXPECT_NE(data->name(4), data->name(1));
}

}  // namespace
}  // namespace likewise
