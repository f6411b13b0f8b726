// What one start measures serves the next, and only as long as nothing changed.
#include "train/remembered.hpp"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>

#include "data/fixtures.hpp"
#include "data/stamped.hpp"
#include "likewise/data/open.hpp"
#include "likewise/train/prepare.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

int64_t files_in(const fs::path& folder) {
  if (!fs::exists(folder)) return 0;
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

bool from_memory(const PrecisionChoice& choice) {
  return choice.reason.find("earlier start") != std::string::npos;
}

class Threads {
 public:
  explicit Threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }

 private:
  int before_;
};

TEST(RememberedPrecision, OneTrialServesLaterStartsUntilSomethingDiffers) {
  const TemporaryFolder folder;
  const Variable cache("LIKEWISE_CACHE", folder.path().string());
  EXPECT_FALSE(from_memory(detail::remembered_precision(false, false)));
  EXPECT_EQ(files_in(folder.path()), 0) << "a trial on a busy machine is not kept";
  const PrecisionChoice first = detail::remembered_precision(false, true);
  if (first.fp32_ms == 0) {  // no trial, nothing to remember
    EXPECT_EQ(files_in(folder.path()), 0);
    GTEST_SKIP() << first.reason;
  }
  EXPECT_FALSE(from_memory(first));
  const PrecisionChoice second = detail::remembered_precision(false, true);
  EXPECT_TRUE(from_memory(second)) << second.reason;
  EXPECT_EQ(second.precision, first.precision);
  EXPECT_NEAR(second.fp32_ms, first.fp32_ms, 1e-6);
  EXPECT_NEAR(second.bf16_ms, first.bf16_ms, 1e-6);
  {
    const Threads more(at::get_num_threads() + 1);
    EXPECT_FALSE(from_memory(detail::remembered_precision(false, true)))
        << "another number of threads";
  }
  EXPECT_FALSE(from_memory(detail::remembered_precision(true, true))) << "anew";
  EXPECT_TRUE(from_memory(detail::remembered_precision(false, true)));
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    auto bytes = read_bytes(entry.path());
    bytes.back() ^= 1;
    write_file(entry.path(), bytes);
  }
  EXPECT_FALSE(from_memory(detail::remembered_precision(false, true))) << "a damaged file is none";
}

TEST(RememberedPrecision, ACacheThatCannotBeWrittenIsNoError) {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", "a file is no folder");
  const Variable cache("LIKEWISE_CACHE", (folder.path() / "file" / "cache").string());
  EXPECT_FALSE(from_memory(detail::remembered_precision(false, true)));
  EXPECT_FALSE(from_memory(detail::remembered_precision(false, true)));
}

// Counts what is decoded.
class Counting final : public Dataset, public detail::Stamped {
 public:
  explicit Counting(DatasetPtr inner) : inner_(std::move(inner)) {}
  int64_t size() const override { return inner_->size(); }
  const DatasetInfo& info() const override { return inner_->info(); }
  int64_t label(int64_t i) const override { return inner_->label(i); }
  int64_t domain(int64_t i) const override { return inner_->domain(i); }
  std::string name(int64_t i) const override { return inner_->name(i); }
  uint64_t stamp(int64_t i) const override { return detail::stamp_of(*inner_, i); }
  Sample get(int64_t i) const override {
    ++decoded;
    return inner_->get(i);
  }
  mutable std::atomic<int> decoded{0};

 private:
  DatasetPtr inner_;
};

void write_image(const fs::path& file, uint64_t seed) {
  Rng rng(seed);
  Image image{9, 7, 3, std::vector<uint8_t>(9 * 7 * 3)};
  for (auto& pixel : image.pixels) pixel = static_cast<uint8_t>(rng.below(256));
  write_file(file, encode_png(image));
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(seed));
}

void expect_equal(const ImageStats& a, const ImageStats& b) {
  EXPECT_EQ(a.height, b.height);
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.channels, b.channels);
  EXPECT_EQ(a.varied_sizes, b.varied_sizes);
  EXPECT_EQ(a.mean, b.mean);  // to the last bit: runs must not depend on the cache
  EXPECT_EQ(a.std, b.std);
  EXPECT_EQ(a.colour, b.colour);
  EXPECT_EQ(a.two_valued, b.two_valued);
  EXPECT_EQ(a.plain_border, b.plain_border);
  EXPECT_EQ(a.background, b.background);
}

TEST(RememberedStats, AreThoseMeasuredUntilAFileChanges) {
  const TemporaryFolder folder;
  const Variable cache("LIKEWISE_CACHE", (folder.path() / "cache").string());
  const fs::path images = folder.path() / "images";
  for (uint64_t i = 1; i <= 6; ++i) write_image(images / (std::to_string(i) + ".png"), i);
  const Counting data(open_dataset(images.string()));
  const ImageStats measured = measure_images(sample_images(data, 4));
  data.decoded = 0;
  expect_equal(detail::remembered_stats(data, 4), measured);
  EXPECT_EQ(data.decoded.load(), 4);
  expect_equal(detail::remembered_stats(data, 4), measured);
  EXPECT_EQ(data.decoded.load(), 4) << "nothing is decoded again";
  detail::remembered_stats(data, 5);
  EXPECT_EQ(data.decoded.load(), 9) << "another number of images is another question";

  write_image(images / "1.png", 77);  // the first is always looked at
  const ImageStats changed = detail::remembered_stats(data, 4);
  EXPECT_EQ(data.decoded.load(), 13);
  EXPECT_NE(changed.mean, measured.mean);
  expect_equal(changed, measure_images(sample_images(data, 4)));
}

TEST(RememberedStats, OfDataWithoutFilesAreMeasuredEachTime) {
  const TemporaryFolder folder;
  const Variable cache("LIKEWISE_CACHE", folder.path().string());
  const Counting data(memory_dataset(at::full({5, 1, 4, 4}, 9, at::kByte)));
  detail::remembered_stats(data, 3);
  detail::remembered_stats(data, 3);
  EXPECT_EQ(data.decoded.load(), 6);
  EXPECT_EQ(files_in(folder.path()), 0);
}

TEST(SampleImages, AreTheSameForAnyNumberOfThreads) {
  const TemporaryFolder folder;
  for (uint64_t i = 1; i <= 9; ++i) {
    write_image(folder.path() / (std::to_string(i) + ".png"), i);
  }
  write_file(folder.path() / "5.png", "broken");  // passed over
  const DatasetPtr data = open_dataset(folder.path().string());
  std::vector<std::vector<Tensor>> found;
  for (const int threads : {1, 2, 4}) {
    const Threads limit(threads);
    found.push_back(sample_images(*data, 1000));
    ASSERT_EQ(found.back().size(), 8u);
    for (size_t i = 0; i < 8; ++i) EXPECT_TRUE(found.back()[i].equal(found.front()[i]));
  }
}

}  // namespace
}  // namespace likewise
